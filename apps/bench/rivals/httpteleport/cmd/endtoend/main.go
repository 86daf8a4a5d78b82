// Command endtoend measures httpteleport: client and server in this one process, on one core, over
// TCP loopback or in-memory pipes. It prints {"ready":true} when the link stands; then each line
// {"seconds":S} on stdin makes one run, whose figures come as one line of JSON on stdout. It ends
// when stdin does.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"
)

type order struct {
	Seconds float64 `json:"seconds"`
}

func main() {
	var config config
	flag.IntVar(&config.callers, "callers", 1000, "callers that each await one response before the next request")
	flag.DurationVar(&config.delay, "delay", 0, "MaxBatchDelay of the client; the server's is 0.1 ms when this is above 0")
	flag.StringVar(&config.compression, "compression", "none", "none, flate or snappy")
	flag.BoolVar(&config.tls, "tls", false, "encrypt the link")
	flag.StringVar(&config.network, "net", "tcp", "tcp or memory")
	flag.StringVar(&config.traffic, "traffic", "", "a file of traffic; without it GET /foo/bar")
	flag.Parse()
	runtime.GOMAXPROCS(1)
	if err := serveOrders(config); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serveOrders(config config) error {
	link, err := open(config)
	if err != nil {
		return err
	}
	if _, err := link.run(10 * time.Millisecond); err != nil {
		return err
	}
	fmt.Println(`{"ready":true}`)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var order order
		if err := json.Unmarshal(lines.Bytes(), &order); err != nil {
			return fmt.Errorf("order %q: %w", lines.Text(), err)
		}
		sample, err := link.run(time.Duration(order.Seconds * float64(time.Second)))
		if err != nil {
			return err
		}
		if err := json.NewEncoder(os.Stdout).Encode(sample); err != nil {
			return err
		}
	}
	return lines.Err()
}
