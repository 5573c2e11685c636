package main

import (
	"os"
	"strings"
)

const (
	roleRun    = "run"    // tools run here; no key is ever here
	roleSigner = "signer" // holds a user's signing key; no tool ever runs here
)

// role is what this machine is for. It was fixed on the kernel's command line before anything ran,
// and nothing that comes over the port changes it.
var role = roleRun

func roleOf(commandLine string) string {
	for _, word := range strings.Fields(commandLine) {
		if strings.HasPrefix(word, "choir.role=") {
			return strings.TrimPrefix(word, "choir.role=")
		}
	}
	return roleRun
}

func readRole() {
	line, err := os.ReadFile("/proc/cmdline")
	if err != nil {
		panic(err) // without it a signer could be taken for a machine of tools
	}
	role = roleOf(string(line))
}

// permitted says whether a machine of this role performs an operation. A signer does what is named
// here and nothing else; a role nobody knows does nothing.
func permitted(role, op string) bool {
	keys := op == "sign" || strings.HasPrefix(op, "key.")
	switch role {
	case roleSigner:
		return keys || strings.HasPrefix(op, "volume.")
	case roleRun:
		return !keys
	default:
		return false
	}
}
