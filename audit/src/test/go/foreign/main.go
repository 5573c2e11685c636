// Command foreign is a second, independent reading of the public formats, from their texts and Go's
// standard library alone. It writes logs for our verifier and verifies logs that ours wrote.
//
//	foreign write DIR ORIGIN SIZE   makes a log of SIZE entries, prints its vkey
//	foreign verify DIR VKEY         checks a log from its entries up, prints size and root
//	foreign proof FILE VKEY ENTRY   checks a tlog-proof of the entry in the file ENTRY
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

func main() {
	var err error
	switch a := os.Args[1:]; a[0] {
	case "write":
		err = write(a[1], a[2], number(a[3]))
	case "verify":
		err = verify(a[1], a[2])
	case "proof":
		err = proof(a[1], a[2], a[3])
	}
	if err != nil {
		fmt.Println("FAILED:", err)
		os.Exit(1)
	}
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}

func leaf(entry []byte) []byte {
	sum := sha256.Sum256(append([]byte{0}, entry...))
	return sum[:]
}

func node(left, right []byte) []byte {
	sum := sha256.Sum256(append(append([]byte{1}, left...), right...))
	return sum[:]
}

// mth is the Merkle Tree Hash of RFC 6962 over leaf hashes.
func mth(leaves [][]byte) []byte {
	switch len(leaves) {
	case 0:
		sum := sha256.Sum256(nil)
		return sum[:]
	case 1:
		return leaves[0]
	}
	k := 1
	for 2*k < len(leaves) {
		k *= 2
	}
	return node(mth(leaves[:k]), mth(leaves[k:]))
}

func path(kind string, n, width int) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		s = fmt.Sprintf("x%03d/%s", n%1000, s)
	}
	if width < 256 {
		s += fmt.Sprintf(".p/%d", width)
	}
	return "tile/" + kind + "/" + s
}

// tiles calls f for every tile of a tree with these leaves: the kind is the level.
func tiles(leaves [][]byte, f func(path string, hashes [][]byte) error) error {
	for level := 0; len(leaves) > 0; level++ {
		var above [][]byte
		for at := 0; at < len(leaves); at += 256 {
			end := at + 256
			if end > len(leaves) {
				end = len(leaves)
			}
			if err := f(path(strconv.Itoa(level), at/256, end-at), leaves[at:end]); err != nil {
				return err
			}
			if end-at == 256 {
				above = append(above, mth(leaves[at:end]))
			}
		}
		leaves = above
	}
	return nil
}

func keyID(name string, typed []byte) []byte {
	sum := sha256.Sum256(append([]byte(name+"\n"), typed...))
	return sum[:4]
}

func put(dir, name string, content []byte) error {
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, content, 0o600)
}

func write(dir, origin string, size int) error {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	var leaves [][]byte
	for at := 0; at < size; at += 256 {
		var bundle bytes.Buffer
		width := 0
		for i := at; i < size && i < at+256; i++ {
			entry := []byte(fmt.Sprintf("foreign entry %d", i))
			binary.Write(&bundle, binary.BigEndian, uint16(len(entry)))
			bundle.Write(entry)
			leaves = append(leaves, leaf(entry))
			width++
		}
		if err := put(dir, path("entries", at/256, width), bundle.Bytes()); err != nil {
			return err
		}
	}
	err = tiles(leaves, func(path string, hashes [][]byte) error {
		return put(dir, path, bytes.Join(hashes, nil))
	})
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", origin, size, base64.StdEncoding.EncodeToString(mth(leaves)))
	typed := append([]byte{1}, public...)
	signature := append(keyID(origin, typed), ed25519.Sign(private, []byte(text))...)
	note := text + "\n— " + origin + " " + base64.StdEncoding.EncodeToString(signature) + "\n"
	fmt.Printf("%s+%x+%s\n", origin, keyID(origin, typed), base64.StdEncoding.EncodeToString(typed))
	return put(dir, "checkpoint", []byte(note))
}

type head struct {
	origin string
	size   int
	root   []byte
}

func open(note, vkey string) (head, error) {
	parts := strings.SplitN(vkey, "+", 3)
	typed, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || typed[0] != 1 || fmt.Sprintf("%x", keyID(parts[0], typed)) != parts[1] {
		return head{}, errors.New("bad vkey")
	}
	at := strings.LastIndex(note, "\n\n")
	if at < 0 {
		return head{}, errors.New("no signatures")
	}
	text := note[:at+1]
	signed := false
	for _, line := range strings.Split(strings.TrimSuffix(note[at+2:], "\n"), "\n") {
		f := strings.Split(line, " ")
		signature, err := base64.StdEncoding.DecodeString(f[2])
		if f[0] != "—" || err != nil {
			return head{}, errors.New("bad signature line")
		}
		if f[1] == parts[0] && bytes.Equal(signature[:4], keyID(parts[0], typed)) {
			if !ed25519.Verify(typed[1:], []byte(text), signature[4:]) {
				return head{}, errors.New("bad signature")
			}
			signed = true
		}
	}
	if !signed {
		return head{}, errors.New("not signed")
	}
	lines := strings.Split(text, "\n")
	root, err := base64.StdEncoding.DecodeString(lines[2])
	return head{lines[0], number(lines[1]), root}, err
}

func verify(dir, vkey string) error {
	note, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return err
	}
	head, err := open(string(note), vkey)
	if err != nil {
		return err
	}
	var leaves [][]byte
	for at := 0; at < head.size; at += 256 {
		width := head.size - at
		if width > 256 {
			width = 256
		}
		bundle, err := os.ReadFile(filepath.Join(dir, path("entries", at/256, width)))
		if err != nil {
			return err
		}
		for len(bundle) > 0 {
			n := int(binary.BigEndian.Uint16(bundle))
			leaves = append(leaves, leaf(bundle[2:2+n]))
			bundle = bundle[2+n:]
		}
	}
	if len(leaves) != head.size || !bytes.Equal(mth(leaves), head.root) {
		return errors.New("the entries do not lead to the root")
	}
	err = tiles(leaves, func(path string, hashes [][]byte) error {
		tile, err := os.ReadFile(filepath.Join(dir, path))
		if err == nil && !bytes.Equal(tile, bytes.Join(hashes, nil)) {
			err = errors.New(path + " differs")
		}
		return err
	})
	fmt.Printf("%d %x\n", head.size, head.root)
	return err
}

func proof(file, vkey, entryFile string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	entry, err := os.ReadFile(entryFile)
	if err != nil {
		return err
	}
	at := strings.Index(string(text), "\n\n")
	head, err := open(string(text[at+2:]), vkey)
	if err != nil {
		return err
	}
	lines := strings.Split(string(text[:at]), "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		return errors.New("not a tlog-proof")
	}
	var hashes [][]byte
	for _, line := range lines[2:] {
		hash, err := base64.StdEncoding.DecodeString(line)
		if err != nil {
			return err
		}
		hashes = append(hashes, hash)
	}
	index := number(strings.TrimPrefix(lines[1], "index "))
	root, rest := climb(leaf(entry), index, head.size, hashes)
	if len(rest) > 0 || !bytes.Equal(root, head.root) {
		return errors.New("the proof does not lead to the root")
	}
	fmt.Println("proved", index, "of", head.size)
	return nil
}

// climb is the inverse of PATH in RFC 6962, section 2.1.1: it takes what it needs from the proof.
func climb(leaf []byte, m, n int, proof [][]byte) ([]byte, [][]byte) {
	if n == 1 {
		return leaf, proof
	}
	k := 1
	for 2*k < n {
		k *= 2
	}
	if m < k {
		left, rest := climb(leaf, m, k, proof)
		if len(rest) == 0 {
			return nil, [][]byte{nil}
		}
		return node(left, rest[0]), rest[1:]
	}
	right, rest := climb(leaf, m-k, n-k, proof)
	if len(rest) == 0 {
		return nil, [][]byte{nil}
	}
	return node(rest[0], right), rest[1:]
}
