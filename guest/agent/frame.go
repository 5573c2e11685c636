package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// A frame is `u32 length | u32 stream | u8 type | u8 flags | body`, big-endian; length counts what
// follows it. Control bodies are JSON objects, data bodies are raw.
const (
	headBytes     = 6
	frameBytesMax = 256 << 10
	controlMax    = 64 << 10
	creditStart   = 64 << 10
	creditMax     = 1 << 20
	chunkBytes    = 32 << 10
	tokenBytes    = 16
	streamsMax    = 64
	flagOptional  = 0x80 // an unknown type with this flag is ignored
	channelMain   = 0
	channelStdout = 1
	channelStderr = 2
	typeHello     = 0x01
	typeWelcome   = 0x02
	typePing      = 0x03
	typePong      = 0x04
	typeShutdown  = 0x05
	typeError     = 0x06
	typePrepare   = 0x07
	typePrepared  = 0x08
	typeWake      = 0x09
	typeRestored  = 0x0a
	typeAck       = 0x0b
	typeOpen      = 0x10
	typeData      = 0x11
	typeCredit    = 0x12
	typeFinish    = 0x13
	typeCancel    = 0x14
	typeEnd       = 0x15
	typeNote      = 0x16
)

type frame struct {
	stream uint32
	kind   byte
	flags  byte
	body   []byte
}

func (f frame) encode() []byte {
	out := make([]byte, 4+headBytes+len(f.body))
	binary.BigEndian.PutUint32(out, uint32(headBytes+len(f.body)))
	binary.BigEndian.PutUint32(out[4:], f.stream)
	out[8] = f.kind
	out[9] = f.flags
	copy(out[10:], f.body)
	return out
}

// decoder cuts the byte stream of a serial port into frames. The port has no end of file that can be
// trusted, so a host that takes over sends the token this guest announced in its hello and a nonce:
// whatever was half received is dropped there. Nobody else knows the token.
type decoder struct {
	token   []byte
	pending []byte // bytes of the frame, or of the nonce, that is not whole yet
	tail    []byte // the last bytes seen, in which a token may have begun
	nonce   bool   // a token was seen, its nonce is awaited
	lost    bool   // a frame could not be understood; only a token helps
}

// feed takes the next bytes, hands whole frames to onFrame and nonces to onSync, in order. It
// returns an error at most once between two tokens.
func (d *decoder) feed(chunk []byte, onFrame func(frame) error, onSync func([]byte)) error {
	var failure error
	for {
		search := append(append([]byte{}, d.tail...), chunk...)
		at := -1
		if !d.nonce {
			at = bytes.Index(search, d.token)
		}
		if at < 0 {
			if keep := tokenBytes - 1; len(search) > keep {
				d.tail = append([]byte{}, search[len(search)-keep:]...)
			} else {
				d.tail = search
			}
			if err := d.cut(chunk, onFrame, onSync); err != nil && failure == nil {
				failure = err
			}
			return failure
		}
		// What came before the token belongs to a host that is gone.
		chunk = search[at+tokenBytes:]
		d.pending, d.tail, d.nonce, d.lost = nil, nil, true, false
		failure = nil
		if len(chunk) >= tokenBytes {
			onSync(append([]byte{}, chunk[:tokenBytes]...))
			chunk = chunk[tokenBytes:]
			d.nonce = false
		}
	}
}

func (d *decoder) cut(chunk []byte, onFrame func(frame) error, onSync func([]byte)) error {
	if d.lost {
		return nil
	}
	d.pending = append(d.pending, chunk...)
	if d.nonce {
		if len(d.pending) < tokenBytes {
			return nil
		}
		onSync(append([]byte{}, d.pending[:tokenBytes]...))
		d.pending = d.pending[tokenBytes:]
		d.nonce = false
	}
	for len(d.pending) >= 4 {
		length := binary.BigEndian.Uint32(d.pending)
		if length < headBytes || length > frameBytesMax {
			d.lost, d.pending = true, nil
			return fmt.Errorf("a frame of %d bytes", length)
		}
		whole := 4 + int(length)
		if len(d.pending) < whole {
			return nil
		}
		f := frame{
			stream: binary.BigEndian.Uint32(d.pending[4:]),
			kind:   d.pending[8],
			flags:  d.pending[9],
			body:   append([]byte{}, d.pending[10:whole]...),
		}
		d.pending = d.pending[whole:]
		if err := onFrame(f); err != nil {
			d.lost, d.pending = true, nil
			return err
		}
	}
	if len(d.pending) == 0 {
		d.pending = nil
	}
	return nil
}

// strict reads exactly one JSON value into a struct and refuses fields it does not have.
func strict(body []byte, into interface{}) error {
	if len(body) > controlMax {
		return fmt.Errorf("a control body of %d bytes", len(body))
	}
	in := json.NewDecoder(bytes.NewReader(body))
	in.DisallowUnknownFields()
	if err := in.Decode(into); err != nil {
		return err
	}
	if _, err := in.Token(); err != io.EOF {
		return fmt.Errorf("text after the JSON value")
	}
	return nil
}

// failure is what a request answers when it cannot be done; the codes are the host's.
type failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Digest  string `json:"digest,omitempty"` // of a conflict: what is there now
}

func (f *failure) Error() string { return f.Code + ": " + f.Message }

func fail(code, format string, values ...interface{}) *failure {
	return &failure{Code: code, Message: fmt.Sprintf(format, values...)}
}
