package db

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrClosed says that the database is being closed.
var ErrClosed = errors.New("db: closed")

// batch is how many commands one commit takes at most: it bounds how long the first of them waits.
const batch = 256

// retries is how often a batch that met another server's runs again.
const retries = 8

type job struct {
	ctx context.Context
	fn  func(*Tx) error
	err error
	run func() error // outcome of a panic, raised again on the caller's goroutine
	end chan struct{}
}

// writer is the one goroutine that writes.
type writer struct {
	db   *DB
	jobs chan *job
	quit chan struct{}
	done chan struct{}
	once sync.Once
	conn *conn
}

func startWriter(d *DB) *writer {
	w := &writer{db: d, jobs: make(chan *job, batch), quit: make(chan struct{}), done: make(chan struct{}), conn: &conn{pool: d.write}}
	go w.loop()
	return w
}

func (w *writer) stop() {
	w.once.Do(func() { close(w.quit) })
	<-w.done
}

func (w *writer) do(ctx context.Context, fn func(*Tx) error) error {
	j := &job{ctx: ctx, fn: fn, end: make(chan struct{})}
	select {
	case w.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.quit:
		return ErrClosed
	}
	select {
	case <-j.end:
	case <-w.done:
		// The loop answers everything it took; what it did not take was never run.
		select {
		case <-j.end:
		default:
			return ErrClosed
		}
	}
	if j.run != nil {
		return j.run()
	}
	return j.err
}

func (w *writer) loop() {
	defer close(w.done)
	for {
		select {
		case j := <-w.jobs:
			w.serve(w.gather(j))
		case <-w.quit:
			for {
				select {
				case j := <-w.jobs:
					w.serve(w.gather(j))
				default:
					return
				}
			}
		}
	}
}

// gather takes what is waiting besides the first.
func (w *writer) gather(first *job) []*job {
	jobs := []*job{first}
	for len(jobs) < batch {
		select {
		case j := <-w.jobs:
			jobs = append(jobs, j)
		default:
			return jobs
		}
	}
	return jobs
}

func (w *writer) serve(jobs []*job) {
	var err error
	for i := range retries {
		for _, j := range jobs {
			j.err, j.run = nil, nil
		}
		if err = w.commit(jobs); !again(err) {
			break
		}
		// Another server holds a row: step aside for a random moment, else both meet again.
		timer := time.NewTimer(time.Duration(rand.IntN(10<<i)+1) * time.Millisecond)
		<-timer.C
	}
	for _, j := range jobs {
		if err != nil && j.err == nil && j.run == nil {
			j.err = err
		}
		close(j.end)
	}
}

// again reports whether PostgreSQL asks to run the transaction once more (serialisation failure, deadlock).
func again(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

// commit runs the jobs in one transaction. An error is the whole batch's; a job's own error is kept with it.
func (w *writer) commit(jobs []*job) error {
	begin := "BEGIN"
	if w.db.Dialect == SQLite {
		begin = "BEGIN IMMEDIATE"
	}
	ctx := context.Background()
	if err := w.conn.begin(ctx, begin); err != nil {
		return err
	}
	t := &Tx{dialect: w.db.Dialect, conn: w.conn, unstoppable: true}
	for _, j := range jobs {
		if err := w.one(ctx, t, j); err != nil {
			w.conn.rollback()
			return err
		}
	}
	if err := w.conn.exec(ctx, "COMMIT"); err != nil {
		w.conn.rollback()
		return err
	}
	return nil
}

// one runs a job in its savepoint.
func (w *writer) one(ctx context.Context, t *Tx, j *job) error {
	if j.err = j.ctx.Err(); j.err != nil {
		return nil
	}
	if err := w.conn.savepoint(ctx, "SAVEPOINT job"); err != nil {
		return err
	}
	call(t, j)
	if j.err == nil && j.run == nil {
		return w.conn.savepoint(ctx, "RELEASE SAVEPOINT job")
	}
	if again(j.err) {
		return j.err
	}
	if err := w.conn.savepoint(ctx, "ROLLBACK TO SAVEPOINT job"); err != nil {
		return fmt.Errorf("%w after %w", err, j.err)
	}
	return w.conn.savepoint(ctx, "RELEASE SAVEPOINT job")
}

// call runs the job's function; its panic is raised on the goroutine that asked, not on the writer's.
func call(t *Tx, j *job) {
	defer func() {
		if p := recover(); p != nil {
			j.run = func() error { panic(p) }
		}
	}()
	j.err = j.fn(t)
}

// Nested runs fn in a savepoint: when it fails its writes are undone and the transaction goes on.
func (t *Tx) Nested(ctx context.Context, fn func() error) error {
	ctx = context.WithoutCancel(ctx)
	if err := t.conn.savepoint(ctx, "SAVEPOINT nested"); err != nil {
		return err
	}
	err := fn()
	if err != nil && again(err) {
		return err
	}
	if err != nil {
		if back := t.conn.savepoint(ctx, "ROLLBACK TO SAVEPOINT nested"); back != nil {
			return fmt.Errorf("%w after %w", back, err)
		}
	}
	if end := t.conn.savepoint(ctx, "RELEASE SAVEPOINT nested"); end != nil {
		return errors.Join(end, err)
	}
	return err
}
