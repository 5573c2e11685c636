//go:build leaktest

package main

import (
	"crypto/sha256"
	"time"
)

// An agent built with this tag is for the test that searches for the key everywhere: only there is
// the key known, and only there can the machine be looked at while a signature is being made. No
// image recipe builds it.
func freshSeed() ([]byte, error) {
	seed := sha256.Sum256([]byte("the key of the leak test"))
	return append([]byte{}, seed[:]...), nil
}

func beforeForgetting(context string) {
	if context == "leaktest/hold" {
		// Put together only here, so that who finds it in memory knows that the key is there too.
		mark := append([]byte("leaktest-is-"), "holding-now"...)
		time.Sleep(30 * time.Second)
		wipe(mark)
	}
}
