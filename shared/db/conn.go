package db

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// pool are the connections that read. The one that was given back last is taken first: its statements are planned and its pages are at hand, while
// one that takes its turn after fifteen others begins cold each time.
type pool struct {
	turns chan struct{} // one for each connection that is free
	mu    sync.Mutex
	idle  []*conn
}

func newPool(read *sql.DB, n int) *pool {
	p := &pool{turns: make(chan struct{}, n)}
	for range n {
		p.give(&conn{pool: read})
	}
	return p
}

// take waits for a connection.
func (p *pool) take(ctx context.Context) (*conn, error) {
	select {
	case <-p.turns:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	return c, nil
}

func (p *pool) give(c *conn) {
	p.mu.Lock()
	p.idle = append(p.idle, c)
	p.mu.Unlock()
	p.turns <- struct{}{}
}

// conn is one connection with its prepared statements, held for as long as it works. database/sql would prepare through its pool, and a
// transaction that needs a second connection for that waits for itself when the pool is used up.
type conn struct {
	pool  *sql.DB
	sql   *sql.Conn
	stmts map[string]*sql.Stmt
}

// most is how many statements are kept: lists make theirs from the filters that are set, which is a bounded but large number.
const most = 2000

// begin starts a transaction, on a new connection if the old one is gone.
func (c *conn) begin(ctx context.Context, statement string) error {
	if c.sql != nil {
		if err := c.exec(ctx, statement); err == nil {
			return nil
		} else if ctx.Err() != nil {
			return err
		}
		c.drop()
	}
	s, err := c.pool.Conn(ctx)
	if err != nil {
		return err
	}
	c.sql, c.stmts = s, map[string]*sql.Stmt{}
	return c.exec(ctx, statement)
}

func (c *conn) exec(ctx context.Context, statement string) error {
	_, err := c.sql.ExecContext(ctx, statement)
	return err
}

// savepoint runs one of the few statements about savepoints, prepared, because every command runs four of them.
func (c *conn) savepoint(ctx context.Context, statement string) error {
	s, err := c.prepared(ctx, Postgres, statement)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(ctx)
	return err
}

// rollback ends a transaction; a connection that cannot even do that is given up.
func (c *conn) rollback() {
	if c.sql == nil {
		return
	}
	if err := c.exec(context.Background(), "ROLLBACK"); err != nil {
		c.drop()
	}
}

func (c *conn) drop() {
	for _, s := range c.stmts {
		s.Close()
	}
	c.sql.Close()
	c.sql, c.stmts = nil, nil
}

func (c *conn) prepared(ctx context.Context, d Dialect, query string) (*sql.Stmt, error) {
	if s := c.stmts[query]; s != nil {
		return s, nil
	}
	if c.sql == nil {
		return nil, errors.New("db: no connection")
	}
	if len(c.stmts) >= most {
		for _, s := range c.stmts {
			s.Close()
		}
		c.stmts = map[string]*sql.Stmt{}
	}
	s, err := c.sql.PrepareContext(ctx, Rebind(d, query))
	if err != nil {
		return nil, err
	}
	c.stmts[query] = s
	return s, nil
}
