// Package traffic reads the file of generated traffic that the bench writes: for each exchange the
// request and the response as HTTP/1.1, each behind its length as four bytes, big-endian.
package traffic

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/valyala/fasthttp"
)

// Exchange is one request and the answer that belongs to it.
type Exchange struct {
	Request  *fasthttp.Request
	Response *fasthttp.Response
	// HTTPBytes is what both take as HTTP/1.1.
	HTTPBytes int
}

// Read loads every exchange of a file.
func Read(path string) ([]Exchange, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	reader := bufio.NewReaderSize(file, 1<<20)
	var exchanges []Exchange
	for {
		exchange, err := readExchange(reader)
		if errors.Is(err, io.EOF) {
			return exchanges, nil
		}
		if err != nil {
			return nil, fmt.Errorf("exchange %d of %s: %w", len(exchanges), path, err)
		}
		exchanges = append(exchanges, exchange)
	}
}

func readExchange(reader *bufio.Reader) (Exchange, error) {
	exchange := Exchange{Request: &fasthttp.Request{}, Response: &fasthttp.Response{}}
	exchange.Request.Header.DisableNormalizing()
	exchange.Response.Header.DisableNormalizing()
	requestLength, err := readLength(reader)
	if err != nil {
		return exchange, err
	}
	if err := exchange.Request.Read(limited(reader, requestLength)); err != nil {
		return exchange, fmt.Errorf("request: %w", err)
	}
	responseLength, err := readLength(reader)
	if err != nil {
		return exchange, err
	}
	if err := exchange.Response.Read(limited(reader, responseLength)); err != nil {
		return exchange, fmt.Errorf("response: %w", err)
	}
	exchange.HTTPBytes = requestLength + responseLength
	return exchange, nil
}

func readLength(reader io.Reader) (int, error) {
	var bytes [4]byte
	if _, err := io.ReadFull(reader, bytes[:]); err != nil {
		return 0, err
	}
	return int(binary.BigEndian.Uint32(bytes[:])), nil
}

func limited(reader io.Reader, length int) *bufio.Reader {
	return bufio.NewReader(io.LimitReader(reader, int64(length)))
}
