package main

import (
	"fmt"
	"sort"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"tp/bench/rivals/httpteleport/traffic"
)

// One call of so many is timed.
const sampleEvery = 16

type sample struct {
	Ops       int64   `json:"ops"`
	ElapsedNs int64   `json:"elapsedNs"`
	CPUUs     int64   `json:"cpuUs"`
	WireBytes int64   `json:"wireBytes"`
	HTTPBytes int64   `json:"httpBytes"`
	P50Us     float64 `json:"p50Us"`
	P99Us     float64 `json:"p99Us"`
}

type tally struct {
	ops       int64
	httpBytes int64
	latencies []time.Duration
	err       error
}

// run keeps every caller busy for the given time and waits for the last answers.
func (l *link) run(duration time.Duration) (sample, error) {
	var stop atomic.Bool
	tallies := make([]tally, l.config.callers)
	wireBefore := l.wireBytes.Load()
	cpuBefore := cpuTime()
	start := time.Now()
	timer := time.AfterFunc(duration, func() { stop.Store(true) })
	defer timer.Stop()
	var callers sync.WaitGroup
	for i := range tallies {
		callers.Add(1)
		go func(tally *tally) {
			defer callers.Done()
			l.call(&stop, tally)
		}(&tallies[i])
	}
	callers.Wait()
	found := sample{
		ElapsedNs: time.Since(start).Nanoseconds(),
		CPUUs:     (cpuTime() - cpuBefore).Microseconds(),
		WireBytes: l.wireBytes.Load() - wireBefore,
	}
	return merge(found, tallies)
}

func (l *link) call(stop *atomic.Bool, tally *tally) {
	response := fasthttp.AcquireResponse()
	defer fasthttp.ReleaseResponse(response)
	deadline := time.Now().Add(time.Hour)
	for !stop.Load() {
		exchange := &l.exchanges[(l.next.Add(1)-1)%uint64(len(l.exchanges))]
		timed := tally.ops%sampleEvery == 0
		var started time.Time
		if timed {
			started = time.Now()
		}
		if err := l.client.DoDeadline(exchange.Request, response, deadline); err != nil {
			tally.err = err
			return
		}
		if tally.err = check(exchange, response); tally.err != nil {
			return
		}
		if timed {
			tally.latencies = append(tally.latencies, time.Since(started))
		}
		tally.ops++
		tally.httpBytes += int64(exchange.HTTPBytes)
	}
}

func check(exchange *traffic.Exchange, response *fasthttp.Response) error {
	if response.StatusCode() != exchange.Response.StatusCode() {
		return fmt.Errorf("status %d came, %d was due", response.StatusCode(), exchange.Response.StatusCode())
	}
	if len(response.Body()) != len(exchange.Response.Body()) {
		return fmt.Errorf("a body of %d bytes came, %d were due", len(response.Body()), len(exchange.Response.Body()))
	}
	return nil
}

func merge(found sample, tallies []tally) (sample, error) {
	var latencies []time.Duration
	for i := range tallies {
		if tallies[i].err != nil {
			return found, tallies[i].err
		}
		found.Ops += tallies[i].ops
		found.HTTPBytes += tallies[i].httpBytes
		latencies = append(latencies, tallies[i].latencies...)
	}
	sort.Slice(latencies, func(i, j int) bool { return latencies[i] < latencies[j] })
	if len(latencies) > 0 {
		found.P50Us = float64(latencies[len(latencies)/2].Nanoseconds()) / 1000
		found.P99Us = float64(latencies[len(latencies)*99/100].Nanoseconds()) / 1000
	}
	return found, nil
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
