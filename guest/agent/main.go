// The guest agent: the first process of a Choir microVM. It sets the machine up, then does what the
// host asks over one byte pipe. Tools run below it as other users and never see it.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
)

func main() {
	if os.Args[0] == stubName {
		runStub()
		return
	}
	if filepath.Base(os.Args[0]) == commandName {
		os.Exit(runCommand(os.Args[1:]))
	}
	if os.Args[0] == keeperName {
		runKeeper()
		return
	}
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "choir agent "+agentVersion+": this is the first process of a microVM")
		os.Exit(2)
	}
	undumpable()
	debug.SetMemoryLimit(64 << 20)
	port, controllers, err := boot()
	if err != nil {
		log("boot failed: %v", err)
		powerOff()
	}
	openDoors()
	serveHost(port, controllers)
}

// log writes a line to the kernel's log, the only one there is.
func log(format string, values ...interface{}) {
	if out, err := os.OpenFile("/dev/kmsg", os.O_WRONLY, 0); err == nil {
		fmt.Fprintf(out, "<3>choir: "+format+"\n", values...)
		out.Close()
	}
}
