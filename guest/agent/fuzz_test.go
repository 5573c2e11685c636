package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

// FuzzDecoder feeds anything: the decoder holds at most one frame, never hands on one that the
// limits forbid, and what it hands on encodes to what came. `go test` runs the corpus;
// `go test -fuzz FuzzDecoder` searches on.
func FuzzDecoder(f *testing.F) {
	good := frame{1, typeOpen, 0, []byte(`{"op":"stat","path":"/"}`)}.encode()
	f.Add(good, uint16(3))
	f.Add(append(append([]byte{}, good...), good...), uint16(1))
	f.Add(good[:7], uint16(2))
	f.Add([]byte{0, 0, 0, 0}, uint16(1))
	f.Add([]byte{0, 0, 0, 5, 1, 2, 3, 4, 5}, uint16(9))
	f.Add([]byte{0, 4, 0, 1}, uint16(4))
	f.Add([]byte{255, 255, 255, 255, 0}, uint16(4))
	f.Add(append(append([]byte{0, 3, 255, 0}, testToken...), testToken...), uint16(5))
	f.Add(append(append(append([]byte{}, testToken...), []byte("nonce-of-16-byte")...), good...), uint16(11))
	f.Fuzz(func(t *testing.T, wire []byte, piece uint16) {
		decode(t, wire, int(piece%4096)+1)
	})
}

// decode checks what must hold for any input.
func decode(t *testing.T, wire []byte, piece int) {
	d := &decoder{token: testToken}
	var again []byte
	synchronised, failed := false, false
	for at := 0; at < len(wire); at += piece {
		end := at + piece
		if end > len(wire) {
			end = len(wire)
		}
		err := d.feed(wire[at:end], func(f frame) error {
			if len(f.body) > frameBytesMax-headBytes {
				t.Fatalf("a body of %d bytes", len(f.body))
			}
			again = append(again, f.encode()...)
			return nil
		}, func([]byte) { synchronised = true })
		failed = failed || err != nil
		if len(d.pending) > frameBytesMax+4+piece || len(d.tail) >= tokenBytes+piece {
			t.Fatalf("holds %d and %d bytes", len(d.pending), len(d.tail))
		}
	}
	if !synchronised && !bytes.HasPrefix(wire, again) {
		t.Fatal("frames that did not come")
	}
	if !synchronised && !d.nonce && !failed && !bytes.Equal(append(again, d.pending...), wire) {
		t.Fatal("bytes that were lost")
	}
}

// TestDecoderHoldsForRandomStreams is a bounded part of the search, with its seed.
func TestDecoderHoldsForRandomStreams(t *testing.T) {
	random := seeded(t)
	for round := 0; round < 5_000; round++ {
		var wire []byte
		for len(wire) < 600 {
			switch random.Intn(5) {
			case 0:
				noise := make([]byte, random.Intn(40))
				random.Read(noise)
				wire = append(wire, noise...)
			case 1:
				wire = append(wire, testToken[:random.Intn(len(testToken)+1)]...)
			case 2:
				wire = binary.BigEndian.AppendUint32(wire, uint32(random.Intn(12)))
			default:
				body := make([]byte, random.Intn(200))
				random.Read(body)
				wire = append(wire, frame{random.Uint32(), byte(random.Intn(256)), byte(random.Intn(256)), body}.encode()...)
			}
		}
		decode(t, wire, 1+random.Intn(300))
	}
}

// FuzzRequests opens requests with any body: whatever it is, it is answered or refused and the agent
// goes on. Nothing in it can reach the machine the test runs on, since no path below the tools' root
// exists here.
func FuzzRequests(f *testing.F) {
	for _, op := range []string{"exec", "attach", "signal", "resize", "execs", "read", "write", "append", "list", "stat", "delete", "mkdir", "none"} {
		f.Add([]byte(fmt.Sprintf(`{"op":%q,"path":"/workspace/x","id":"a","uid":1000}`, op)))
		f.Add([]byte(fmt.Sprintf(`{"op":%q}`, op)))
	}
	f.Add([]byte(`{"op":"signal","id":"a","signal":-1}`))
	f.Add([]byte(`{"op":"resize","id":"a","columns":9999999,"rows":1}`))
	f.Add([]byte(`{"op":"read","path":"/a/../b","offset":-5,"limit":9}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var head struct {
			Op string `json:"op"`
		}
		if json.Unmarshal(body, &head) != nil {
			return
		}
		s := newSession(make(chan outgoing, 1000))
		st := newStream(1, s)
		st.finished = true
		result, failed := perform(head.Op, body, st)
		if failed == nil && result == nil {
			t.Fatal("neither a result nor a failure")
		}
		if failed != nil && failed.Code == "agent_error" && strings.Contains(failed.Message, "runtime error") {
			t.Fatal(failed)
		}
	})
}

// TestAgreesWithTheHost is run by the host's own test, which wrote the streams and compares the
// transcripts.
func TestAgreesWithTheHost(t *testing.T) {
	folder := os.Getenv("CHOIR_STREAMS")
	if folder == "" {
		t.Skip("only with streams of the host")
	}
	files, err := filepath.Glob(folder + "/stream-*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no streams: %v", err)
	}
	sort.Strings(files)
	var out strings.Builder
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		cuts := int(binary.BigEndian.Uint32(content))
		wire := content[4+4*cuts:]
		d := &decoder{token: testToken}
		end := "whole"
		for i := 0; i < cuts && end == "whole"; i++ {
			n := binary.BigEndian.Uint32(content[4+4*i:])
			err := d.feed(wire[:n], func(f frame) error {
				sum := sha256.Sum256(f.body)
				fmt.Fprintf(&out, "%d:%d:%d:%s ", f.stream, f.kind, f.flags, hex.EncodeToString(sum[:8]))
				return nil
			}, func([]byte) { t.Error("a token where none was") })
			if err != nil {
				end = "refused"
			}
			wire = wire[n:]
		}
		out.WriteString(end + "\n")
	}
	if err := os.WriteFile(folder+"/transcripts", []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
