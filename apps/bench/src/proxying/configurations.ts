import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';

/** Idle connections to the next one that are kept: no fewer than the load has. */
const KEPT = 256;

/** nginx as the service: it answers every request with a fixed text. Gives the arguments to start it with. */
export function nginxService(folder: string, port: number, text: string): string[] {
  return nginx(
    folder,
    `
    server {
      listen 127.0.0.1:${port} backlog=4096;
      keepalive_requests 1000000000;
      default_type text/plain;
      location / { return 200 '${text}'; }
    }`,
  );
}

/** nginx as a pair of proxies in one program: the near one passes on to the far one, over kept connections. */
export function nginxPair(folder: string, near: number, far: number, service: number): string[] {
  const hop = (port: number, to: number, name: string) => `
    upstream ${name} { server 127.0.0.1:${to}; keepalive ${KEPT}; keepalive_requests 1000000000; }
    server {
      listen 127.0.0.1:${port} backlog=4096;
      keepalive_requests 1000000000;
      location / {
        proxy_pass http://${name};
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
      }
    }`;
  return nginx(folder, hop(near, far, 'far') + hop(far, service, 'service'));
}

/** HAProxy as a pair of proxies in one program. */
export function haproxyPair(folder: string, near: number, far: number, service: number): string[] {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'haproxy.cfg');
  const hop = (name: string, port: number, to: number) => `
listen ${name}
  bind 127.0.0.1:${port}
  server next 127.0.0.1:${to}
`;
  writeFileSync(
    file,
    `global
  maxconn 4096
defaults
  mode http
  option http-keep-alive
  http-reuse always
  timeout connect 5s
  timeout client 60s
  timeout server 60s
${hop('near', near, far)}${hop('far', far, service)}`,
  );
  return ['-db', '-f', file];
}

function nginx(folder: string, http: string): string[] {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join('\n  ');
  // Workers of root would be another user's, who cannot reach the folder.
  const user = userInfo().uid === 0 ? 'user root;' : '';
  writeFileSync(
    file,
    `${user}
worker_processes auto;
daemon off;
pid ${folder}/nginx.pid;
error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off;
  tcp_nodelay on;
  ${temporary}${http}
}
`,
  );
  return ['-p', folder, '-c', file, '-e', 'stderr'];
}
