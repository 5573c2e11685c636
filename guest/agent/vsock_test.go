package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"syscall"
	"testing"
	"time"
)

func TestKernelOptionsAreFoundByTheirWholeName(t *testing.T) {
	line := "reboot=k choir.channel=vsock choir.disks=root,overlay,vol xchoir.channel=serial"
	if got := kernelOption(line, "choir.channel"); got != "vsock" {
		t.Fatalf("channel %q", got)
	}
	if got := kernelOption(line, "choir.nothing"); got != "" {
		t.Fatalf("absent option %q", got)
	}
	for serial, device := range map[string]string{
		"choir-root": "/dev/vda", "choir-overlay": "/dev/vdb", "choir-vol": "/dev/vdc", "choir-other": "",
	} {
		if got := diskInOrder(line, serial); got != device {
			t.Errorf("%s is %q, not %q", serial, got, device)
		}
	}
	if got := diskInOrder("quiet", "choir-root"); got != "" {
		t.Errorf("without a list: %q", got)
	}
}

func TestBackoffGrowsToItsLimitAndIsNeverTheSameForAll(t *testing.T) {
	different := map[time.Duration]bool{}
	for attempt := 0; attempt < 40; attempt++ {
		wait := backoff(attempt)
		if wait < redialFirst/2 || wait > redialMost {
			t.Fatalf("attempt %d waits %v", attempt, wait)
		}
		different[wait] = true
	}
	if backoff(0) > redialFirst {
		t.Fatal("the first wait is not short")
	}
	if len(different) < 20 {
		t.Fatalf("only %d different waits", len(different))
	}
}

// hostEnd reads one frame as a host does.
func hostEnd(t *testing.T, fd int) frame {
	t.Helper()
	read := func(n int) []byte {
		bytes := make([]byte, n)
		for at := 0; at < n; {
			got, err := syscall.Read(fd, bytes[at:])
			if err != nil || got <= 0 {
				t.Fatalf("the guest ended: %d %v", got, err)
			}
			at += got
		}
		return bytes
	}
	rest := read(int(binary.BigEndian.Uint32(read(4))))
	return frame{binary.BigEndian.Uint32(rest), rest[4], rest[5], rest[6:]}
}

func TestEveryConnectionBeginsWithAHelloAndALostOneIsDialledAgain(t *testing.T) {
	ends := make(chan int)
	refusals := 3
	dial := func() (int, error) {
		if refusals > 0 {
			refusals--
			return noPort, errors.New("nobody listens")
		}
		pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		if err != nil {
			t.Error(err)
			return noPort, err
		}
		ends <- pair[1]
		return pair[0], nil
	}
	go serveDialed(dial, "memory pids")
	tokens := map[string]bool{}
	for i := 0; i < 3; i++ {
		host := <-ends
		first := hostEnd(t, host)
		var said hello
		if first.kind != typeHello || json.Unmarshal(first.body, &said) != nil || said.Controllers != "memory pids" {
			t.Fatalf("first frame %d %s", first.kind, first.body)
		}
		tokens[said.Token] = true
		ping, _ := json.Marshal(map[string]int64{"nonce": int64(i + 7)})
		if !writeWhole(host, frame{0, typePing, 0, ping}.encode()) {
			t.Fatal("the guest does not read")
		}
		if answer := hostEnd(t, host); answer.kind != typePong || string(answer.body) != string(ping) {
			t.Fatalf("answer %d %s", answer.kind, answer.body)
		}
		// The second host ends in the middle of a frame: the next begins anew.
		if i == 1 {
			writeWhole(host, []byte{0, 0, 0, 99, 1})
		}
		syscall.Close(host)
	}
	if len(tokens) != 3 {
		t.Fatalf("%d tokens for three connections", len(tokens))
	}
}

func TestAHostThatBreaksTheProtocolIsToldSoAndDialledAgain(t *testing.T) {
	ends := make(chan int)
	dial := func() (int, error) {
		pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		if err != nil {
			return noPort, err
		}
		ends <- pair[1]
		return pair[0], nil
	}
	go serveDialed(dial, "")
	host := <-ends
	hostEnd(t, host)
	writeWhole(host, []byte{0xff, 0xff, 0xff, 0xff})
	if answer := hostEnd(t, host); answer.kind != typeError {
		t.Fatalf("answer %d", answer.kind)
	}
	var one [1]byte
	if n, _ := syscall.Read(host, one[:]); n != 0 {
		t.Fatal("the connection goes on")
	}
	if next := <-ends; hostEnd(t, next).kind != typeHello {
		t.Fatal("no hello on the next connection")
	}
}
