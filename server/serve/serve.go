// Package serve puts the server together: database, services in the order of the domains, interceptor, health, metrics, and starts and stops
// it. The program zhiping-server and the tests use the same one.
package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"connectrpc.com/connect"
	"connectrpc.com/grpchealth"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"zhiping/proto/gen/zhiping/attachment/v1/attachmentv1connect"
	"zhiping/proto/gen/zhiping/session/v1/sessionv1connect"
	"zhiping/proto/gen/zhiping/sync/v1/syncv1connect"
	"zhiping/proto/gen/zhiping/unit/v1/unitv1connect"
	"zhiping/server/attachment"
	"zhiping/server/audit"
	"zhiping/server/blob"
	"zhiping/server/command"
	"zhiping/server/feed"
	"zhiping/server/keys"
	"zhiping/server/migrations"
	"zhiping/server/portal"
	"zhiping/server/room"
	"zhiping/server/rpc"
	"zhiping/server/session"
	serversync "zhiping/server/sync"
	"zhiping/server/unit"
	"zhiping/shared/ballot"
	"zhiping/shared/db"
)

// A Config says where a server keeps its data and what it uses.
type Config struct {
	Dir      string // keys, files and the SQLite database
	Database string // "" is Dir/zhiping.db; else a PostgreSQL connection string
	Now      func() time.Time
	Log      *slog.Logger
	// The unified identity platforms at which people can sign in beside their local accounts (A3).
	Providers []session.ProviderConfig
}

// A Server is the whole server.
type Server struct {
	DB    *db.DB
	Run   *command.Runner
	Keys  *keys.Ring
	Units *unit.Service

	rooms   *room.Rooms
	log     *slog.Logger
	metrics *prometheus.Registry
	mux     *http.ServeMux
	stop    chan struct{}
	once    sync.Once
}

// maxRequest bounds one request: a chunk of a file or a batch of imported rows.
const maxRequest = 16 << 20

// Open opens the data, migrates the database and puts the services together.
func Open(ctx context.Context, c Config) (*Server, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	ring, err := keys.Open(filepath.Join(c.Dir, "keys"), c.Now)
	if err != nil {
		return nil, err
	}
	files, err := blob.Open(filepath.Join(c.Dir, "files"))
	if err != nil {
		return nil, err
	}
	d, err := Database(ctx, c)
	if err != nil {
		return nil, err
	}
	_, err = serversync.Epoch(ctx, d)
	if err := errors.Join(err, feed.Rebuild(ctx, d)); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	s := &Server{DB: d, Run: &command.Runner{DB: d, Now: c.Now}, Keys: ring, log: c.Log, metrics: prometheus.NewRegistry(), mux: http.NewServeMux(), stop: make(chan struct{})}
	s.rooms = room.New(d, ballot.Key{Role: ballot.RoleHub, Private: ring.Sequencer()}, c.Now)
	s.assemble(c, files)
	public, err := portal.New(d, files, c.Log)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	public.Register(s.mux)
	return s, nil
}

// Database opens the database of a configuration and migrates it.
func Database(ctx context.Context, c Config) (*db.DB, error) {
	url := c.Database
	if url == "" {
		url = filepath.Join(c.Dir, "zhiping.db")
	}
	d, err := db.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	if err := d.Migrate(ctx, migrations.Files); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (s *Server) assemble(c Config, files *blob.Store) {
	sessions := session.New(session.Config{DB: s.DB, Now: c.Now, Resolve: unit.Resolve, ByNumber: unit.ByNumber, Providers: c.Providers, Log: s.log})
	opts := []connect.HandlerOption{
		connect.WithInterceptors(rpc.New(sessions.Identify, s.Run, s.log, s.metrics)),
		connect.WithReadMaxBytes(maxRequest),
		connect.WithCompressMinBytes(1024),
	}
	s.Units = unit.New(s.Run, files, sessions)
	s.mux.Handle(sessionv1connect.NewSessionServiceHandler(sessions, opts...))
	s.mux.Handle(unitv1connect.NewUnitServiceHandler(s.Units, opts...))
	s.mux.Handle(attachmentv1connect.NewAttachmentServiceHandler(attachment.New(s.DB, files), opts...))
	s.mux.Handle(syncv1connect.NewSyncServiceHandler(serversync.New(s.DB, &s.Run.Bell, s.stop), opts...))
	s.domains(files, opts)
	s.sequencer(opts)
	s.mux.Handle(grpchealth.NewHandler(grpchealth.NewStaticChecker()))
	s.mux.HandleFunc("GET /healthz", s.health)
	s.mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics, promhttp.HandlerOpts{}))
}

// health answers 200 while the database answers.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	if err := s.DB.Ping(r.Context()); err != nil {
		http.Error(w, "database does not answer", http.StatusServiceUnavailable)
		return
	}
	w.Write([]byte("ok\n"))
}

// Handler is everything the server answers. Every answer carries the server's own time, by which the desktops judge what is due: it decides by
// that, also where a demonstration has a date of its own.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", s.Run.Now().UTC().Format(http.TimeFormat))
		s.mux.ServeHTTP(w, r)
	})
}

// Serve answers on a listener until the context ends, then lets open calls finish: streams are told to stop first, because Shutdown would
// wait for them for ever.
func (s *Server) Serve(ctx context.Context, l net.Listener, t *tls.Config) error {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(t == nil)
	h := &http.Server{Handler: s.Handler(), TLSConfig: t, Protocols: protocols, ReadHeaderTimeout: 20 * time.Second, IdleTimeout: 3 * time.Minute, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn)}
	h.RegisterOnShutdown(s.endStreams)
	done := make(chan error, 1)
	go func() {
		if t == nil {
			done <- h.Serve(l)
			return
		}
		done <- h.ServeTLS(l, "", "")
	}()
	signing := make(chan struct{})
	go s.sign(ctx, signing)
	beside, enough := context.WithCancel(ctx)
	defer enough()
	go s.listen(beside)
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	err := h.Shutdown(limit)
	<-signing
	return err
}

func (s *Server) endStreams() { s.once.Do(func() { close(s.stop) }) }

// signEvery is how long an audit entry waits for a signed checkpoint at most.
const signEvery = 10 * time.Second

// sign signs the audit log's head now and then, and once more at the end.
func (s *Server) sign(ctx context.Context, done chan<- struct{}) {
	defer close(done)
	t := time.NewTicker(signEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			s.signNow(context.WithoutCancel(ctx))
			return
		case <-t.C:
			s.signNow(ctx)
		}
	}
}

// listenEvery is how soon a desktop hears of what another server on the same database has changed.
const listenEvery = time.Second

// listen rings the bell when another server on one PostgreSQL has written, and forgets old answers once a day.
func (s *Server) listen(ctx context.Context) {
	t, rooms, daily := time.NewTicker(listenEvery), time.NewTicker(listenEvery), time.NewTicker(24*time.Hour)
	defer t.Stop()
	defer rooms.Stop()
	defer daily.Stop()
	if s.DB.Dialect == db.SQLite {
		t.Stop() // only one server has the file
	}
	last := int64(-1)
	for {
		select {
		case <-ctx.Done():
			return
		case <-daily.C:
			if err := s.Run.Retain(ctx); err != nil {
				s.log.Error("forget old answers", "error", err)
			}
		case <-rooms.C: // another server has appended, or a hand-over or release in its own transaction
			if err := s.rooms.Follow(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("follow the rooms", "error", err)
			}
		case <-t.C:
			var seq int64
			err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
				seq, err = feed.Head(ctx, tx)
				return err
			})
			if err == nil && seq != last {
				last = seq
				s.Run.Bell.Ring()
			}
		}
	}
}

func (s *Server) signNow(ctx context.Context) {
	if _, err := audit.Sign(ctx, s.DB, s.Keys.Note()); err != nil {
		s.log.Error("sign the audit log", "error", err)
	}
}

// Close closes the database after signing the audit log.
func (s *Server) Close() error {
	s.endStreams()
	s.signNow(context.Background())
	return s.DB.Close()
}
