package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	unitv1 "zhiping/proto/gen/zhiping/unit/v1"
	"zhiping/server/migrations"
	"zhiping/server/serve"
	"zhiping/server/session"
	"zhiping/shared/db"
)

type serveCommand struct {
	data
	Listen    string `help:"Address to listen on." default:"127.0.0.1:8443" env:"ZHIPING_LISTEN"`
	Cert      string `help:"TLS certificate in PEM; the default is one of its own, which desktops pin." env:"ZHIPING_CERT" placeholder:"FILE"`
	Key       string `help:"TLS key in PEM." env:"ZHIPING_KEY" placeholder:"FILE"`
	Plain     bool   `help:"No TLS, for use behind a proxy on the same machine." env:"ZHIPING_PLAIN"`
	Providers string `help:"JSON list of the OpenID Connect providers people can sign in with (README.md)." env:"ZHIPING_PROVIDERS" type:"existingfile" placeholder:"FILE"`
	JSONLog   bool   `name:"json-log" help:"Logs as JSON." env:"ZHIPING_JSON_LOG"`

	DemonstrationDate string `hidden:"" help:"Let the server's clock begin on this date, 09:00: for a fictional demonstration only." placeholder:"2026-03-02"`
}

// clock is the server's clock: the machine's, or for a demonstration one that began on another date.
func (c *serveCommand) clock(log *slog.Logger) (func() time.Time, error) {
	if c.DemonstrationDate == "" {
		return time.Now, nil
	}
	from, err := time.ParseInLocation("2006-01-02 15:04", c.DemonstrationDate+" 09:00", time.FixedZone("+08:00", 8*60*60))
	if err != nil {
		return nil, err
	}
	log.Warn("the clock is set for a demonstration", "from", from)
	start := time.Now()
	return func() time.Time { return from.Add(time.Since(start)) }, nil
}

func (c *serveCommand) Run(ctx context.Context) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if c.JSONLog {
		log = slog.New(slog.NewJSONHandler(os.Stderr, nil))
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return err
	}
	now, err := c.clock(log)
	if err != nil {
		return err
	}
	providers, err := c.providers()
	if err != nil {
		return err
	}
	s, err := serve.Open(ctx, serve.Config{Dir: c.Data, Database: c.Database, Log: log, Now: now, Providers: providers})
	if err != nil {
		return err
	}
	t, err := c.tls(s)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	fmt.Printf("listening on %s%s key %s\n", l.Addr(), fingerprint(t), s.Keys.PublicHex())
	return errors.Join(s.Serve(ctx, l, t), s.Close())
}

func (c *serveCommand) providers() ([]session.ProviderConfig, error) {
	if c.Providers == "" {
		return nil, nil
	}
	f, err := os.Open(c.Providers)
	if err != nil {
		return nil, err
	}
	all, err := session.ReadProviders(f)
	return all, errors.Join(err, f.Close())
}

func (c *serveCommand) tls(s *serve.Server) (*tls.Config, error) {
	switch {
	case c.Plain:
		return nil, nil
	case c.Cert != "":
		cert, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, err
	default:
		return s.Keys.TLS()
	}
}

// fingerprint is what a desktop's first connection shows, so that the two can be compared.
func fingerprint(t *tls.Config) string {
	if t == nil {
		return ""
	}
	sum := sha256.Sum256(t.Certificates[0].Certificate[0])
	return " certificate " + hex.EncodeToString(sum[:])
}

type migrateCommand struct{ data }

func (c *migrateCommand) Run(ctx context.Context) error {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return err
	}
	d, err := serve.Database(ctx, serve.Config{Dir: c.Data, Database: c.Database})
	if err != nil {
		return err
	}
	has, _, err := d.Version(ctx, migrations.Files)
	fmt.Println("version", has)
	return errors.Join(err, d.Close())
}

type adminCommand struct {
	Bootstrap bootstrapCommand `cmd:"" help:"Create the unit at the top of the province with its super-administrator."`
	Password  passwordCommand  `cmd:"" help:"Give an account a new password and end its sessions."`
}

type bootstrapCommand struct {
	data
	Name       string `required:"" help:"Name of the unit."`
	CreditCode string `required:"" help:"Its unified social credit code."`
	Division   string `required:"" help:"Its division, six digits."`
	Contact    string `required:"" help:"Name of its super-administrator."`
	Phone      string `required:"" help:"Telephone."`
	Account    string `required:"" help:"Account to sign in with."`
	Password   string `required:"" help:"First password." env:"ZHIPING_PASSWORD"`
}

func (c *bootstrapCommand) Run(ctx context.Context) error {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return err
	}
	s, err := serve.Open(ctx, serve.Config{Dir: c.Data, Database: c.Database})
	if err != nil {
		return err
	}
	id := func() string { return uuid.Must(uuid.NewV7()).String() }
	u := &unitv1.Unit{
		Id: id(), Name: c.Name, CreditCode: c.CreditCode, Kind: commonv1.UnitKind_UNIT_KIND_HR, Division: c.Division, OwnLevel: true,
		Nature: "10", Contact: c.Contact, Phone: c.Phone,
	}
	super := &unitv1.NewStaff{Password: c.Password, Staff: &unitv1.Staff{Id: id(), UnitId: u.Id, Name: c.Contact, Account: c.Account, Phone: c.Phone}}
	return errors.Join(s.Units.Bootstrap(ctx, u, super), s.Close())
}

type passwordCommand struct {
	data
	Account  string `required:"" help:"The account."`
	Password string `required:"" help:"Its new password." env:"ZHIPING_PASSWORD"`
}

func (c *passwordCommand) Run(ctx context.Context) error {
	if err := session.CheckPassword(c.Password, c.Account); err != nil {
		return err
	}
	d, err := serve.Database(ctx, serve.Config{Dir: c.Data, Database: c.Database})
	if err != nil {
		return err
	}
	hash := session.Hash(c.Password)
	err = d.Write(ctx, func(tx *db.Tx) error { return session.Reset(ctx, tx, c.Account, hash) })
	return errors.Join(err, d.Close())
}

type backupCommand struct {
	data
	To string `arg:"" help:"A folder that does not exist yet."`
}

func (c *backupCommand) Run(ctx context.Context) error {
	if _, err := os.Stat(c.To); err == nil {
		return fmt.Errorf("%s exists; name a folder that does not", c.To)
	}
	if err := os.MkdirAll(c.To, 0o700); err != nil {
		return err
	}
	if c.Database != "" {
		fmt.Println("the database is PostgreSQL: back it up with pg_dump; keys and files are copied here")
	} else if err := vacuumInto(ctx, filepath.Join(c.Data, "zhiping.db"), filepath.Join(c.To, "zhiping.db")); err != nil {
		return err
	}
	// After the database: a file that a record names was there before the record.
	for _, part := range []string{"keys", "files"} {
		if err := os.CopyFS(filepath.Join(c.To, part), os.DirFS(filepath.Join(c.Data, part))); err != nil {
			return err
		}
	}
	return nil
}

type restoreCommand struct {
	data
	From string `arg:"" help:"The folder of a backup."`
}

func (c *restoreCommand) Run(ctx context.Context) error {
	if all, err := os.ReadDir(c.Data); err == nil && len(all) > 0 {
		return fmt.Errorf("%s is not empty; restore into an empty folder", c.Data)
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return err
	}
	if err := os.CopyFS(c.Data, os.DirFS(c.From)); err != nil {
		return err
	}
	return newEpoch(ctx, c.data)
}
