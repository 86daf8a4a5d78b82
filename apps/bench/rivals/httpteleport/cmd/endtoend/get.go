package main

import (
	"github.com/valyala/fasthttp"

	"tp/bench/rivals/httpteleport/traffic"
)

// The lengths are those of the GET case of tp's bench: a body of 258 bytes of text.
const getBody = "The kettle on the third shelf is older than the kitchen around it, and nobody in the house " +
	"remembers who bought it, when, or why its lid is a slightly different shade of blue than the rest; " +
	"it boils a litre in four minutes, and that has always been enough."

func getExchange() traffic.Exchange {
	request := &fasthttp.Request{}
	request.Header.SetHost("foobar")
	request.SetRequestURI("/foo/bar")
	response := &fasthttp.Response{}
	response.SetBodyString(getBody)
	return traffic.Exchange{
		Request:   request,
		Response:  response,
		HTTPBytes: len(request.Header.Header()) + len(response.Header.Header()) + len(getBody),
	}
}
