package main

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// A hypervisor without a serial port for the agent (Firecracker) has a socket device instead: the
// agent dials the host, and what a connection was is over with it. The host listens on one port only.
const (
	afVsock   = 40
	hostCID   = 2
	agentPort = 5000

	redialFirst = 5 * time.Millisecond
	redialMost  = 200 * time.Millisecond
)

// A file descriptor that stands for no open port.
const noPort = -1

// kernelOption is the value of NAME=VALUE on the kernel's command line.
func kernelOption(commandLine, name string) string {
	for _, word := range strings.Fields(commandLine) {
		if strings.HasPrefix(word, name+"=") {
			return word[len(name)+1:]
		}
	}
	return ""
}

func commandLine() string {
	text, _ := os.ReadFile("/proc/cmdline")
	return string(text)
}

// diskInOrder finds a disk by its place in choir.disks=root,overlay,... where the hypervisor gives
// disks no serial numbers of the host's choice. Empty without such a list.
func diskInOrder(commandLine, serial string) string {
	for i, name := range strings.Split(kernelOption(commandLine, "choir.disks"), ",") {
		if name != "" && "choir-"+name == serial && i < 26 {
			return "/dev/vd" + string(rune('a'+i))
		}
	}
	return ""
}

// usesVsock tells how this machine reaches its host: as the command line says, else by the serial
// port if there is one.
func usesVsock() bool {
	switch kernelOption(commandLine(), "choir.channel") {
	case "vsock":
		return true
	case "serial":
		return false
	}
	ports, _ := filepath.Glob("/sys/class/virtio-ports/*")
	_, err := os.Stat("/dev/vsock")
	return len(ports) == 0 && err == nil
}

// dialVsock connects to the agent's port on the host.
func dialVsock() (int, error) {
	fd, err := syscall.Socket(afVsock, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return noPort, err
	}
	address := struct { // struct sockaddr_vm
		family   uint16
		reserved uint16
		port     uint32
		cid      uint32
		flags    uint8
		zero     [3]uint8
	}{family: afVsock, port: agentPort, cid: hostCID}
	_, _, code := syscall.Syscall(syscall.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&address)),
		unsafe.Sizeof(address))
	if code != 0 {
		syscall.Close(fd)
		return noPort, code
	}
	return fd, nil
}

// backoff is the wait before a further attempt: doubled each time up to a limit, and a random part of
// it, so that machines restored together do not dial together.
func backoff(attempt int) time.Duration {
	wait := redialMost
	if attempt < 6 {
		wait = redialFirst << uint(attempt)
	}
	if wait > redialMost {
		wait = redialMost
	}
	var random [2]byte
	if _, err := rand.Read(random[:]); err != nil {
		return wait
	}
	share := time.Duration(binary.BigEndian.Uint16(random[:]))
	return wait/2 + wait/2*share/65536
}

// serveDialed speaks with the host over one connection after the other, until the machine ends.
func serveDialed(dial func() (int, error), controllers string) {
	for attempt := 0; ; attempt++ {
		fd, err := dial()
		if err != nil {
			time.Sleep(backoff(attempt))
			continue
		}
		if serveConnection(fd, controllers) {
			attempt = -1
		}
		syscall.Close(fd)
		// A host that refuses everybody, or a second connection, is not asked in a loop.
		time.Sleep(backoff(attempt))
	}
}

// serveConnection speaks until the connection ends; whether the host said anything.
func serveConnection(fd int, controllers string) bool {
	token := make([]byte, tokenBytes)
	if _, err := rand.Read(token); err != nil {
		panic(err)
	}
	out := make(chan outgoing, 64)
	ended := make(chan struct{})
	broken := make(chan struct{})
	go func() {
		defer close(broken)
		failed := false
		write := func(item outgoing) {
			// What nobody will read is taken and dropped, so that no request waits for it.
			if failed = failed || !writeWhole(fd, item.bytes); failed {
				syscall.Shutdown(fd, syscall.SHUT_RDWR)
			}
		}
		for {
			select {
			case item := <-out:
				write(item)
			case <-ended:
				for len(out) > 0 {
					write(<-out)
				}
				return
			}
		}
	}()
	current := newSession(out)
	// A connection of its own needs no place to meet again; the host may hand out tokens all the same.
	current.token = func(string) {}
	current.control(0, typeHello, hello{agentVersion, protocolMin, protocolMax, bootID(), generation,
		hex.EncodeToString(token), controllers})
	input := &decoder{}
	heard := false
	buffer := make([]byte, 64<<10)
	for {
		n, err := syscall.Read(fd, buffer)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			break
		}
		heard = true
		if err := input.cut(buffer[:n], current.dispatch, func([]byte) {}); err != nil {
			log("protocol: %v", err)
			current.control(0, typeError, fail("protocol_error", "%v", err))
			break
		}
	}
	current.close()
	close(ended)
	// A host that does not read what is left is not waited for.
	lastWords := time.AfterFunc(time.Second, func() { syscall.Shutdown(fd, syscall.SHUT_RDWR) })
	<-broken
	lastWords.Stop()
	return heard
}

func writeWhole(fd int, bytes []byte) bool {
	for len(bytes) > 0 {
		n, err := syscall.Write(fd, bytes)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			return false
		}
		bytes = bytes[n:]
	}
	return true
}

// serveHost speaks over whichever channel boot found.
func serveHost(port int, controllers string) {
	if port == noPort {
		serveDialed(dialVsock, controllers)
	}
	serve(port, controllers)
}

// openChannel finds the way to the host; a serial port is opened, a socket is dialled later.
func openChannel() (int, error) {
	if usesVsock() {
		return noPort, nil
	}
	port, err := openPort()
	if err != nil {
		return noPort, fmt.Errorf("no way to the host: %w", err)
	}
	return port, nil
}
