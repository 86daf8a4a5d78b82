/**
 * A self-signed certificate for localhost and its key, made for tests only and trusted by nobody:
 * tests need no tool beyond Node this way. Valid until 2126.
 */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUf0huZAYKERuhcIuCGpKcoulLgSswCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzIyMzg1N1oYDzIxMjYxMDMw
MjIzODU3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAT6Ajx7N1xGBdtwrHycSMk6JBrrSnARJ72gjnhpiPNPqokgT2g2vrjH
dDdw77ZT+jZi0OUGZboBiwtiNhW5A+o9o28wbTAdBgNVHQ4EFgQUGL2wvaZ2O0rp
VzTbU8RwLXOp0icwHwYDVR0jBBgwFoAUGL2wvaZ2O0rpVzTbU8RwLXOp0icwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSQAwRgIhAKQu0eSi+AadglQ0jMar4FsWwaJH6madJugDslERttZiAiEA
u9VRVrRPwufvqXdHnfKhmAeDPXP0zxYC6KFSbjO3ROc=
-----END CERTIFICATE-----
`;

/** The key of `CERTIFICATE`. It protects nothing. */
export const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgIpmZ9nlRcv0i4d/t
PHSOvO8TCNt84mUdxR4qQempwU+hRANCAAT6Ajx7N1xGBdtwrHycSMk6JBrrSnAR
J72gjnhpiPNPqokgT2g2vrjHdDdw77ZT+jZi0OUGZboBiwtiNhW5A+o9
-----END PRIVATE KEY-----
`;
