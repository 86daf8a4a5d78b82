// Command flatebytes counts the bytes that httpteleport's flate stream takes for a traffic file:
// each message is its 4-byte id and what fasthttp serialises, a 64 KiB write buffer in front of one
// compress/flate stream of the default level for each direction, flushed per batch. That is all
// that httpteleport writes after its 15-byte handshake, so it needs fasthttp and nothing else.
package main

import (
	"bufio"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"os"

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
	flag.Parse()
	found, err := measure(*path, *batch)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(found)
}

func measure(path string, batch int) (result, error) {
	exchanges, err := traffic.Read(path)
	if err != nil {
		return result{}, err
	}
	requests := newStream(batch)
	responses := newStream(batch)
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

func newStream(batch int) *stream {
	count := &counter{}
	packer, err := flate.NewWriter(count, flate.DefaultCompression)
	if err != nil {
		panic(err)
	}
	return &stream{count, bufio.NewWriterSize(&flushing{packer}, writeBufferBytes), batch, 0}
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
