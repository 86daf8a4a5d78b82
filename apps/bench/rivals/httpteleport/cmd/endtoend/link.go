package main

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"
	"github.com/valyala/httpteleport"

	"tp/bench/rivals/httpteleport/traffic"
)

// As in the benchmark that httpteleport publishes.
const serverDelay = 100 * time.Microsecond

type config struct {
	callers     int
	delay       time.Duration
	compression string
	tls         bool
	network     string
	traffic     string
}

type link struct {
	config    config
	client    *httpteleport.Client
	exchanges []traffic.Exchange
	wireBytes *atomic.Int64
	next      atomic.Uint64
}

func open(config config) (*link, error) {
	exchanges, err := load(config.traffic)
	if err != nil {
		return nil, err
	}
	listener, dial, err := listen(config.network)
	if err != nil {
		return nil, err
	}
	wireBytes := &atomic.Int64{}
	client := &httpteleport.Client{
		Addr:               "counted",
		MaxBatchDelay:      config.delay,
		MaxPendingRequests: config.callers*2 + 16,
		Dial: func(string) (net.Conn, error) {
			conn, err := dial()
			return &counted{conn, wireBytes}, err
		},
	}
	server := &httpteleport.Server{
		Handler:     handler(exchanges, config.traffic == ""),
		Concurrency: config.callers*2 + 16,
	}
	if config.delay > 0 {
		server.MaxBatchDelay = serverDelay
	}
	if config.tls {
		serverTLS, clientTLS, err := selfSigned()
		if err != nil {
			return nil, err
		}
		server.TLSConfig, client.TLSConfig = serverTLS, clientTLS
	}
	switch config.compression {
	case "none":
		client.CompressType, server.CompressType = httpteleport.CompressNone, httpteleport.CompressNone
	case "flate":
		client.CompressType, server.CompressType = httpteleport.CompressFlate, httpteleport.CompressFlate
	case "snappy":
		client.CompressType, server.CompressType = httpteleport.CompressSnappy, httpteleport.CompressSnappy
	default:
		return nil, fmt.Errorf("-compression is none, flate or snappy; found %q", config.compression)
	}
	go server.Serve(listener)
	return &link{config: config, client: client, exchanges: exchanges, wireBytes: wireBytes}, nil
}

func load(path string) ([]traffic.Exchange, error) {
	if path == "" {
		return []traffic.Exchange{getExchange()}, nil
	}
	exchanges, err := traffic.Read(path)
	if err == nil && len(exchanges) == 0 {
		err = errors.New("the file of traffic is empty")
	}
	return exchanges, err
}

func listen(network string) (net.Listener, func() (net.Conn, error), error) {
	switch network {
	case "tcp":
		listener, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			return nil, nil, err
		}
		address := listener.Addr().String()
		return listener, func() (net.Conn, error) { return net.Dial("tcp4", address) }, nil
	case "memory":
		listener := fasthttputil.NewInmemoryListener()
		return listener, listener.Dial, nil
	}
	return nil, nil, fmt.Errorf("-net is tcp or memory; found %q", network)
}

func handler(exchanges []traffic.Exchange, constant bool) fasthttp.RequestHandler {
	if constant {
		body := exchanges[0].Response.Body()
		return func(ctx *fasthttp.RequestCtx) { ctx.Response.SetBodyRaw(body) }
	}
	answers := make(map[string]*fasthttp.Response, len(exchanges))
	for _, exchange := range exchanges {
		answers[string(exchange.Request.Header.Peek("X-Request-Id"))] = exchange.Response
	}
	return func(ctx *fasthttp.RequestCtx) {
		answer := answers[string(ctx.Request.Header.Peek("X-Request-Id"))]
		if answer == nil {
			ctx.SetStatusCode(fasthttp.StatusNotFound)
			return
		}
		answer.Header.CopyTo(&ctx.Response.Header)
		ctx.Response.SetBodyRaw(answer.Body())
	}
}

type counted struct {
	net.Conn
	bytes *atomic.Int64
}

func (c *counted) Read(bytes []byte) (int, error) {
	n, err := c.Conn.Read(bytes)
	c.bytes.Add(int64(n))
	return n, err
}

func (c *counted) Write(bytes []byte) (int, error) {
	n, err := c.Conn.Write(bytes)
	c.bytes.Add(int64(n))
	return n, err
}
