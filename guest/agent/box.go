package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"math/big"
)

const (
	pointBytes = 65 // an uncompressed point of P-256
	boxLabel   = "choir keeper box 1"
)

// box receives one message of the host that only this process can read: the bytes that travel
// through the port's buffers and the agent's heap are ciphertext, so that no secret stays behind
// there for a memory snapshot. It keeps nothing else from anybody; the port itself is private.
type box struct {
	secret []byte
	public []byte
}

func newBox() (*box, error) {
	curve := elliptic.P256()
	secret, x, y, err := elliptic.GenerateKey(curve, rand.Reader)
	if err != nil {
		return nil, err
	}
	return &box{secret, elliptic.Marshal(curve, x, y)}, nil
}

// open decrypts the host's public key followed by the ciphertext. It works once.
func (b *box) open(sealed []byte) ([]byte, error) {
	if len(sealed) < pointBytes {
		return nil, errors.New("the box is cut off")
	}
	curve := elliptic.P256()
	x, y := elliptic.Unmarshal(curve, sealed[:pointBytes])
	if x == nil {
		return nil, errors.New("the box has no public key")
	}
	shared, _ := curve.ScalarMult(x, y, b.secret)
	wipe(b.secret)
	info := append(append([]byte(boxLabel), b.public...), sealed[:pointBytes]...)
	return openSealed(derive(pad(shared), info), make([]byte, 12), sealed[pointBytes:], nil)
}

func pad(number *big.Int) []byte { return number.FillBytes(make([]byte, 32)) }

// derive is HKDF-SHA-256 (RFC 5869) without salt, for one output of 32 bytes.
func derive(secret, info []byte) []byte {
	extract := hmac.New(sha256.New, make([]byte, sha256.Size))
	extract.Write(secret)
	expand := hmac.New(sha256.New, extract.Sum(nil))
	expand.Write(info)
	expand.Write([]byte{1})
	return expand.Sum(nil)
}

func gcm(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only keys of 32 bytes are used
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

func openSealed(key, nonce, ciphertext, associated []byte) ([]byte, error) {
	defer wipe(key)
	return gcm(key).Open(nil, nonce, ciphertext, associated)
}

func wipe(bytes []byte) {
	for i := range bytes {
		bytes[i] = 0
	}
}
