// Command flatebytes counts the bytes that httpteleport's streams take for a traffic file: each
// message is its 4-byte id and what fasthttp serialises, a 64 KiB write buffer in front of one
// stream for each direction, flushed per batch: compress/flate of the default level, or snappy's
// framing format, a chunk for each write. That is all that httpteleport writes after its 15-byte
// handshake, so it needs fasthttp and snappy and nothing else.
package main

import (
	"bufio"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/golang/snappy"

	"tp/bench/rivals/httpteleport/traffic"
)

const writeBufferBytes = 64 * 1024

type result struct {
	Exchanges         int `json:"exchanges"`
	RequestWireBytes  int `json:"requestWireBytes"`
	ResponseWireBytes int `json:"responseWireBytes"`
}

func main() {
	path := flag.String("traffic", "", "the file of traffic")
	batch := flag.Int("batch", 64, "messages per batch")
	compression := flag.String("compression", "flate", "flate or snappy")
	flag.Parse()
	found, err := measure(*path, *batch, *compression)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(found)
}

func measure(path string, batch int, compression string) (result, error) {
	exchanges, err := traffic.Read(path)
	if err != nil {
		return result{}, err
	}
	requests, err := newStream(batch, compression)
	if err != nil {
		return result{}, err
	}
	responses, err := newStream(batch, compression)
	if err != nil {
		return result{}, err
	}
	for i, exchange := range exchanges {
		if err := requests.add(uint32(i), exchange.Request.Write); err != nil {
			return result{}, err
		}
		if err := responses.add(uint32(i), exchange.Response.Write); err != nil {
			return result{}, err
		}
	}
	if err := requests.flush(); err != nil {
		return result{}, err
	}
	if err := responses.flush(); err != nil {
		return result{}, err
	}
	return result{len(exchanges), requests.count.bytes, responses.count.bytes}, nil
}

type stream struct {
	count  *counter
	buffer *bufio.Writer
	batch  int
	held   int
}

func newStream(batch int, compression string) (*stream, error) {
	count := &counter{}
	var packer io.Writer
	switch compression {
	case "flate":
		writer, err := flate.NewWriter(count, flate.DefaultCompression)
		if err != nil {
			return nil, err
		}
		packer = &flushing{writer}
	case "snappy":
		packer = snappy.NewWriter(count)
	default:
		return nil, fmt.Errorf("-compression is flate or snappy; found %q", compression)
	}
	return &stream{count, bufio.NewWriterSize(packer, writeBufferBytes), batch, 0}, nil
}

func (s *stream) add(id uint32, write func(*bufio.Writer) error) error {
	var bytes [4]byte
	binary.LittleEndian.PutUint32(bytes[:], id)
	if _, err := s.buffer.Write(bytes[:]); err != nil {
		return err
	}
	if err := write(s.buffer); err != nil {
		return err
	}
	s.held++
	if s.held < s.batch {
		return nil
	}
	return s.flush()
}

func (s *stream) flush() error {
	s.held = 0
	return s.buffer.Flush()
}

type flushing struct{ packer *flate.Writer }

func (f *flushing) Write(bytes []byte) (int, error) {
	if _, err := f.packer.Write(bytes); err != nil {
		return 0, err
	}
	return len(bytes), f.packer.Flush()
}

type counter struct{ bytes int }

func (c *counter) Write(bytes []byte) (int, error) {
	c.bytes += len(bytes)
	return len(bytes), nil
}
