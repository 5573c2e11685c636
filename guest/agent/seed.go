//go:build !leaktest

package main

import (
	"crypto/ed25519"
	"crypto/rand"
)

// freshSeed makes a private key. The kernel's generator answers only once it has been seeded.
func freshSeed() ([]byte, error) {
	seed := make([]byte, ed25519.SeedSize)
	_, err := rand.Read(seed)
	return seed, err
}

// beforeForgetting is where a test that looks for keys in memory may wait while one is there.
func beforeForgetting(string) {}
