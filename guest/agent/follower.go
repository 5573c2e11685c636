package main

// follower is one reader of an execution's output.
type follower struct {
	cursor [3]int64
	left   int64 // bytes of both streams that it still takes
	order  int
	live   bool // it has caught up, so the command waits for it from now on
}

// next picks what a follower gets next: a stream and the offset up to which it comes now; or waits.
// It returns 0 when there is nothing more for it, or when it has gone.
func (e *execution) next(f *follower, gone func() bool) (byte, int64) {
	for {
		if gone() {
			return 0, 0
		}
		if f.left > 0 {
			if f.order < e.orderBase {
				f.order = e.orderBase
			}
			for ; f.order-e.orderBase < len(e.order); f.order++ {
				s := e.order[f.order-e.orderBase]
				if f.cursor[s.channel] < s.end {
					return s.channel, s.end
				}
				if f.order-e.orderBase == len(e.order)-1 {
					break // the last one may still grow
				}
			}
			for channel := byte(channelStdout); channel <= channelStderr; channel++ {
				if f.cursor[channel] < e.out[channel].total {
					return channel, e.out[channel].total
				}
			}
			f.live = true
		}
		if e.ended {
			return 0, 0
		}
		e.changed.Wait()
	}
}

// follow sends a host what the command writes, from the follower's offsets on, and ends with the
// result. What lies beyond the follower's limit is left out but for the newest `tail` bytes of each
// stream.
func (e *execution) follow(st *stream, f *follower, tail int64) (interface{}, *failure) {
	go func() {
		<-st.done
		e.mutex.Lock()
		e.changed.Broadcast()
		e.mutex.Unlock()
	}()
	gone := func() bool {
		select {
		case <-st.done:
			return true
		default:
			return false
		}
	}
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.followers[f] = struct{}{}
	defer e.left(f)
	for {
		channel, end := e.next(f, gone)
		if channel == 0 {
			break
		}
		if end > f.cursor[channel]+f.left {
			end = f.cursor[channel] + f.left
		}
		start := f.cursor[channel]
		if !e.deliver(st, f, channel, end) {
			break
		}
		f.left -= f.cursor[channel] - start
	}
	for channel := byte(channelStdout); channel <= channelStderr && !gone(); channel++ {
		s := e.out[channel]
		if from := s.total - tail; from > f.cursor[channel] {
			e.gap(st, f, channel, from)
		} else if tail == 0 && s.total > f.cursor[channel] {
			e.gap(st, f, channel, s.total)
		}
		for f.cursor[channel] < s.total && e.deliver(st, f, channel, s.total) {
		}
	}
	if gone() {
		return nil, fail("cancelled", "command %s", e.id)
	}
	result := e.result
	return &result, nil
}

// deliver sends one piece of a stream, at most up to an offset. The lock is not held meanwhile.
func (e *execution) deliver(st *stream, f *follower, channel byte, end int64) bool {
	size := end - f.cursor[channel]
	if size > chunkBytes {
		size = chunkBytes
	}
	piece := make([]byte, size)
	n, next := e.out[channel].read(piece, f.cursor[channel])
	if n == 0 {
		e.gap(st, f, channel, next)
		return true
	}
	e.mutex.Unlock()
	err := st.send(channel, piece[:n])
	e.mutex.Lock()
	f.cursor[channel] += int64(n)
	e.changed.Broadcast()
	return err == nil
}

type note struct {
	Kind       string `json:"kind"` // "started" or "gap"
	Channel    byte   `json:"channel,omitempty"`
	From       int64  `json:"from,omitempty"`
	To         int64  `json:"to,omitempty"`
	LeftMillis int64  `json:"leftMillis,omitempty"`
	InputBytes int64  `json:"inputBytes,omitempty"`
}

// gap tells that bytes of a stream are left out.
func (e *execution) gap(st *stream, f *follower, channel byte, to int64) {
	from := f.cursor[channel]
	f.cursor[channel] = to
	e.changed.Broadcast()
	e.mutex.Unlock()
	st.session.control(st.id, typeNote, note{Kind: "gap", Channel: channel, From: from, To: to})
	e.mutex.Lock()
}
