// Package rpc is what stands between the network and the services: one interceptor that recovers, logs, turns faults into wire errors,
// finds the caller, enforces the declared right and checks the declared limits - for unary calls and streams alike, denying by default.
package rpc

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/server/command"
	"zhiping/server/session"
	"zhiping/shared/fault"
	"zhiping/shared/field"
	"zhiping/shared/right"
	"zhiping/shared/wire"
)

// An Interceptor implements connect.Interceptor.
type Interceptor struct {
	identify func(ctx context.Context, authorization string) (context.Context, error)
	commands *command.Runner
	log      *slog.Logger
	seconds  *prometheus.HistogramVec
	methods  map[string]*commonv1.Method // by procedure, "/zhiping.unit.v1.UnitService/SaveUnit"
}

// New returns the interceptor; identify finds the caller from the Authorization header.
func New(identify func(context.Context, string) (context.Context, error), commands *command.Runner, log *slog.Logger, reg prometheus.Registerer) *Interceptor {
	i := &Interceptor{identify: identify, commands: commands, log: log, methods: Methods()}
	i.seconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "zhiping_rpc_seconds", Help: "Time of a call, by procedure and code."}, []string{"procedure", "code"})
	reg.MustRegister(i.seconds)
	return i
}

// Methods returns what is declared about every procedure of this program, by its path.
func Methods() map[string]*commonv1.Method {
	all := map[string]*commonv1.Method{}
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		for s := range f.Services().Len() {
			service := f.Services().Get(s)
			for m := range service.Methods().Len() {
				md := service.Methods().Get(m)
				all[fmt.Sprintf("/%s/%s", service.FullName(), md.Name())] = right.Method(md)
			}
		}
		return true
	})
	return all
}

// WrapUnary implements connect.Interceptor.
func (i *Interceptor) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (resp connect.AnyResponse, err error) {
		if req.Spec().IsClient {
			return next(ctx, req)
		}
		err = i.run(ctx, req.Spec().Procedure, req.Header().Get, req.Any().(proto.Message), func(ctx context.Context, _ *commonv1.Method) error {
			resp, err = next(ctx, req)
			return err
		})
		return resp, err
	}
}

// WrapStreamingClient implements connect.Interceptor.
func (i *Interceptor) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// WrapStreamingHandler implements connect.Interceptor. Streams only read: a mutation is always a unary call.
func (i *Interceptor) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		return i.run(ctx, conn.Spec().Procedure, conn.RequestHeader().Get, nil, func(ctx context.Context, m *commonv1.Method) error {
			if !m.GetReads() {
				return errors.New("rpc: a stream that is no read")
			}
			return next(ctx, conn)
		})
	}
}

// run is the chain that both share; req is the request of a unary call, nil for a stream's.
func (i *Interceptor) run(ctx context.Context, procedure string, header func(string) string, req proto.Message, call func(context.Context, *commonv1.Method) error) (err error) {
	start := time.Now()
	var code connect.Code
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
		code, err = i.wire(ctx, procedure, err)
		text := "ok"
		if code != 0 {
			text = code.String()
		}
		i.seconds.WithLabelValues(procedure, text).Observe(time.Since(start).Seconds())
		i.log.LogAttrs(ctx, slog.LevelInfo, "rpc", slog.String("procedure", procedure), slog.String("code", text), slog.Duration("took", time.Since(start)))
	}()
	m := i.methods[procedure]
	if m.GetRight() == commonv1.Right_RIGHT_UNSPECIFIED {
		return fault.New(fault.Denied, "该功能未声明权限，不能使用")
	}
	if ctx, err = i.identify(ctx, header("Authorization")); err != nil {
		if m.Right != commonv1.Right_RIGHT_PUBLIC {
			return err
		}
		err = nil
	}
	refused := allowed(session.Of(ctx), m)
	if refused == nil && req != nil {
		refused = check(req)
	}
	ctx, err = mutation(ctx, procedure, m, header(wire.MutationHeader))
	switch {
	case refused != nil && err == nil:
		return i.refuse(ctx, m, req, refused)
	case refused != nil:
		return refused
	case err != nil:
		return err
	}
	return call(ctx, m)
}

// refuse answers a call that does not get as far as its service. For an outbox that is a result like any other, so that its number is taken: a
// number that is missing would be asked for again before every later one, and could never be given.
func (i *Interceptor) refuse(ctx context.Context, m *commonv1.Method, req proto.Message, refused error) error {
	f := fault.As(refused)
	if m.Reads || f == nil || session.Of(ctx) == nil || !command.Of(ctx).Outbox {
		return refused
	}
	return command.Refuse(ctx, i.commands, req, f)
}

// allowed enforces the declared right.
func allowed(c *session.Caller, m *commonv1.Method) error {
	switch {
	case m.Right == commonv1.Right_RIGHT_PUBLIC:
		return nil
	case c != nil && c.MustChange && !m.BeforeChange:
		return fault.New(fault.Denied, "当前密码由他人设置，请先修改密码再继续办理")
	case c.Has(m.Right):
		return nil
	case c == nil:
		return connect.NewError(connect.CodeUnauthenticated, fault.New(fault.Denied, "请先登录"))
	case !c.Unit.Authorised:
		return fault.New(fault.Denied, "所在单位未被授权，请先完善单位信息，并提交上级单位进行授权审核！")
	default:
		return fault.New(fault.Denied, "您没有“%s”权限，请联系本单位超级管理员", right.Grant(m.Right).GetLabel())
	}
}

// check holds a request against the declared limits; all that is wrong is told at once.
func check(m proto.Message) error {
	problems, err := field.Check(m, field.Complete)
	if err != nil {
		return err
	}
	return fault.Several(problems)
}

// mutation reads the number of a mutation, which every call that changes something and has an account must bear.
func mutation(ctx context.Context, procedure string, m *commonv1.Method, header string) (context.Context, error) {
	call := &command.Call{Procedure: procedure, Label: m.Label}
	if m.Reads || header == "" && strings.HasPrefix(procedure, "/zhiping.room.") { // an object of a room is known by its bytes
		return ctx, nil
	}
	client, number, ok := strings.Cut(header, "/")
	number, how, _ := strings.Cut(number, "/")
	n, err := strconv.ParseInt(number, 10, 64)
	if !ok || how != "" && how != wire.Direct && how != wire.Skip || err != nil || n < 1 || client == "" || len(client) > 64 {
		return ctx, fault.New(fault.Invalid, "请求缺少操作序号（%s），请升级客户端后重试", wire.MutationHeader)
	}
	call.Client, call.Number, call.Outbox, call.Skip = client, n, how != wire.Direct, how == wire.Skip
	return command.With(ctx, call), nil
}

// wire turns what a call ended with into what goes over the network: a fault with its own words, everything else with a number under
// which the log has the whole story.
func (i *Interceptor) wire(ctx context.Context, procedure string, err error) (connect.Code, error) {
	if err == nil {
		return 0, nil
	}
	var code connect.Code
	var c *connect.Error
	if errors.As(err, &c) && c.Code() == connect.CodeUnauthenticated {
		code = c.Code()
	}
	f := fault.As(err)
	if f == nil && ctx.Err() != nil {
		return connect.CodeCanceled, connect.NewError(connect.CodeCanceled, context.Canceled)
	}
	if f == nil {
		number := rand.Text()[:8]
		i.log.LogAttrs(ctx, slog.LevelError, "internal error", slog.String("number", number), slog.String("procedure", procedure), slog.String("error", err.Error()))
		f = fault.New(fault.Internal, "系统内部错误，编号 %s，请稍后重试；仍有问题请将编号告知管理员", number)
	}
	e := wire.Encode(f, code)
	return e.Code(), e
}
