package main

import (
	"bytes"
	"encoding/binary"
	"math/rand"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

var testToken = []byte("0123456789abcdef")

// collect feeds the bytes in pieces of the given sizes and returns what the decoder made of them.
func collect(t *testing.T, d *decoder, input []byte, piece func() int) (frames []frame, nonces [][]byte, failures int) {
	t.Helper()
	for len(input) > 0 {
		n := piece()
		if n > len(input) {
			n = len(input)
		}
		if err := d.feed(input[:n], func(f frame) error {
			frames = append(frames, f)
			return nil
		}, func(nonce []byte) { nonces = append(nonces, nonce) }); err != nil {
			failures++
		}
		input = input[n:]
	}
	return
}

func TestFramesSurviveAnyCutting(t *testing.T) {
	random := seeded(t)
	for round := 0; round < 200; round++ {
		var want []frame
		var wire []byte
		for i := 0; i < 1+random.Intn(6); i++ {
			body := make([]byte, random.Intn(3000))
			random.Read(body)
			f := frame{random.Uint32(), byte(random.Intn(256)), byte(random.Intn(256)), body}
			want = append(want, f)
			wire = append(wire, f.encode()...)
		}
		got, _, failures := collect(t, &decoder{token: testToken}, wire, func() int { return 1 + random.Intn(700) })
		if failures != 0 || len(got) != len(want) {
			t.Fatalf("%d of %d frames, %d failures", len(got), len(want), failures)
		}
		for i := range want {
			if got[i].stream != want[i].stream || got[i].kind != want[i].kind ||
				got[i].flags != want[i].flags || !bytes.Equal(got[i].body, want[i].body) {
				t.Fatalf("frame %d differs", i)
			}
		}
	}
}

func TestRefusesALengthBeforeTakingMemoryForIt(t *testing.T) {
	for _, length := range []uint32{0, 1, headBytes - 1, frameBytesMax + 1, 1 << 31, 1<<32 - 1} {
		wire := make([]byte, 4)
		binary.BigEndian.PutUint32(wire, length)
		d := &decoder{token: testToken}
		_, _, failures := collect(t, d, append(wire, make([]byte, 100)...), func() int { return 7 })
		if failures != 1 || len(d.pending) != 0 {
			t.Errorf("length %d: %d failures, %d bytes held", length, failures, len(d.pending))
		}
	}
}

func TestFindsANewHostBehindAnyRemains(t *testing.T) {
	random := seeded(t)
	whole := frame{3, typeData, 0, make([]byte, 500)}.encode()
	good := frame{1, typeOpen, 0, []byte(`{"op":"stat"}`)}.encode()
	nonce := []byte("nonce-of-16-byte")
	for cut := 0; cut < len(whole); cut += 1 + random.Intn(9) {
		wire := append([]byte{}, whole[:cut]...)
		wire = append(append(append(wire, testToken...), nonce...), good...)
		d := &decoder{token: testToken}
		frames, nonces, _ := collect(t, d, wire, func() int { return 1 + random.Intn(40) })
		if len(nonces) != 1 || !bytes.Equal(nonces[0], nonce) {
			t.Fatalf("cut at %d: nonces %q", cut, nonces)
		}
		if last := frames[len(frames)-1]; last.kind != typeOpen || last.stream != 1 {
			t.Fatalf("cut at %d: the last frame is %+v", cut, last)
		}
	}
}

func TestRecoversFromNonsenseWithAToken(t *testing.T) {
	random := seeded(t)
	for round := 0; round < 300; round++ {
		noise := make([]byte, random.Intn(5000))
		random.Read(noise)
		wire := append(append(noise, testToken...), testToken...) // the second one is the nonce
		wire = append(wire, frame{9, typePing, 0, []byte("{}")}.encode()...)
		frames, nonces, _ := collect(t, &decoder{token: testToken}, wire, func() int { return 1 + random.Intn(999) })
		if len(nonces) != 1 || len(frames) == 0 || frames[len(frames)-1].stream != 9 {
			t.Fatalf("round %d: %d nonces, %d frames", round, len(nonces), len(frames))
		}
	}
}

func TestControlBodiesAreStrict(t *testing.T) {
	for _, body := range []string{
		``, `{`, `[]`, `{"op":"stat","path":"/","more":1}`, `{"op":"stat","path":"/"} {}`,
		`{"op":"stat","path":5}`, `{"path":"` + strings.Repeat("x", controlMax) + `"}`,
	} {
		var request pathRequest
		if strict([]byte(body), &request) == nil {
			t.Errorf("accepted %.60s", body)
		}
	}
	var request pathRequest
	if err := strict([]byte(`{"op":"stat","path":"/x"}`), &request); err != nil || request.Path != "/x" {
		t.Error(err)
	}
}

// hostileHost sends frames a host should not; the agent must refuse and must not end.
func TestRefusesAHostThatBreaksTheProtocol(t *testing.T) {
	big := make([]byte, creditStart+1)
	credit := func(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
	cases := map[string][]frame{
		"unknown type":         {{0, 0x77, 0, nil}},
		"unknown stream":       {{5, typeData, 0, []byte("x")}},
		"control on a stream":  {{5, typePing, 0, []byte(`{"nonce":1}`)}},
		"open of stream 0":     {{0, typeOpen, 0, []byte(`{"op":"none"}`)}},
		"open that is no JSON": {{1, typeOpen, 0, []byte(`{`)}},
		"stream used again":    {{2, typeOpen, 0, []byte(`{"op":"none"}`)}, {2, typeOpen, 0, []byte(`{"op":"none"}`)}},
		"stream going back":    {{2, typeOpen, 0, []byte(`{"op":"none"}`)}, {1, typeOpen, 0, []byte(`{"op":"none"}`)}},
		"wrong protocol":       {{0, typeWelcome, 0, []byte(`{"protocol":9,"timeMillis":0}`)}},
		"more than its credit": {{7, typeData, 0, big}},
		"too much credit":      {{7, typeCredit, 0, credit(creditMax)}},
		"half a credit":        {{7, typeCredit, 0, []byte{1}}},
		"data after the end":   {{7, typeFinish, 0, nil}, {7, typeData, 0, []byte("x")}},
	}
	for name, frames := range cases {
		out := make(chan outgoing, 1000)
		s := newSession(out)
		if frames[0].stream == 7 { // an open stream whose request waits for data
			s.streams[7], s.last = newStream(7, s), 7
		}
		var err error
		for _, f := range frames {
			if err = s.dispatch(f); err != nil {
				break
			}
		}
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	s := newSession(make(chan outgoing, 10))
	if err := s.dispatch(frame{0, 0x77, flagOptional, nil}); err != nil {
		t.Errorf("an optional frame: %v", err)
	}
}

func TestSendsNoMoreThanTheHostTakes(t *testing.T) {
	out := make(chan outgoing, 1000)
	s := newSession(out)
	st := newStream(1, s)
	done := make(chan error)
	go func() { done <- st.send(channelMain, make([]byte, creditStart+1)) }()
	sent := 0
	for sent < creditStart {
		sent += len((<-out).bytes) - 4 - headBytes
	}
	select {
	case <-done:
		t.Fatal("sent beyond the credit")
	case <-out:
		t.Fatal("sent beyond the credit")
	case <-time.After(50 * time.Millisecond):
	}
	if err := st.accept(frame{1, typeCredit, 0, []byte{0, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestPathsAreChecked(t *testing.T) {
	for _, at := range []string{"", "x", "./x", "/a/../b", "/..", "/a/..", "/nul\x00", "/" + strings.Repeat("x", 5000)} {
		if checkPath(at) == nil {
			t.Errorf("accepted %.40q", at)
		}
	}
	for _, at := range []string{"/", "/a", "/a/..b", "/a/b../c", "/ü/🎻"} {
		if failed := checkPath(at); failed != nil {
			t.Error(failed)
		}
	}
	for at, want := range map[string]bool{"/workspace": true, "/workspace/x": true, "/workspaces": false, "/tmp/a": true, "/": false, "": false} {
		if writable(at) != want {
			t.Errorf("writable(%q) is %v", at, !want)
		}
	}
}

// seeded prints its seed; CHOIR_SEED repeats a run.
func seeded(t *testing.T) *rand.Rand {
	seed := time.Now().UnixNano()
	if text := os.Getenv("CHOIR_SEED"); text != "" {
		seed, _ = strconv.ParseInt(text, 10, 64)
	}
	t.Logf("CHOIR_SEED=%d", seed)
	return rand.New(rand.NewSource(seed))
}
