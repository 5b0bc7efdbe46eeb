package syncer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/reflect/protoreflect"

	"zhiping/desktop/outbox"
	attachmentv1 "zhiping/proto/gen/zhiping/attachment/v1"
	"zhiping/proto/gen/zhiping/attachment/v1/attachmentv1connect"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/shared/fault"
)

// chunk is how much of a file goes in one call; mostBytes is what one file may have (proto attachment).
const (
	chunk     = 1 << 20
	mostBytes = 50 << 20
)

func (c *Client) files() attachmentv1connect.AttachmentServiceClient {
	return attachmentv1connect.NewAttachmentServiceClient(c.http, c.url, c.opts...)
}

// Keep keeps a file for the record that will name it, and returns what names it. It is sent before the change that names it, with the network
// back or at once.
func (s *Syncer) Keep(ctx context.Context, path string) (*commonv1.Attachment, error) {
	a, err := describe(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(s.files, 0o700); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if err := keepWhole(s.file(a), s.box.Seal(b)); err != nil {
		return nil, fault.New(fault.State, "文件“%s”不能保存到本机，请检查磁盘空间", a.Name)
	}
	return a, nil
}

// keepWhole writes a file whole or not at all: the same content may be on its way for an earlier change, and half of it would hold that up for
// ever.
func keepWhole(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".keep-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing is there any more once it has its name
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func (s *Syncer) file(a *commonv1.Attachment) string { return filepath.Join(s.files, a.Sha256) }

// sendFiles sends the files that a change names and that are still here.
func (s *Syncer) sendFiles(ctx context.Context, m *outbox.Mutation) error {
	request, err := Request(m)
	if err != nil {
		return nil //nolint:nilerr // the server says what is wrong with it
	}
	var all []*commonv1.Attachment
	attachments(request.ProtoReflect(), &all)
	for _, a := range all {
		sealed, err := os.ReadFile(s.file(a))
		if errors.Is(err, os.ErrNotExist) {
			continue // it was sent before
		}
		if err != nil {
			return err
		}
		b, err := s.box.Unseal(sealed)
		if err != nil {
			return err
		}
		if err := s.client.send(ctx, a, b); err != nil {
			return err
		}
		if err := os.Remove(s.file(a)); err != nil {
			return err
		}
	}
	return nil
}

// attachments are those that a message names, at any depth.
func attachments(m protoreflect.Message, all *[]*commonv1.Attachment) {
	if a, ok := m.Interface().(*commonv1.Attachment); ok {
		*all = append(*all, a)
		return
	}
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case fd.Kind() != protoreflect.MessageKind || fd.IsMap():
		case fd.IsList():
			for i := range v.List().Len() {
				attachments(v.List().Get(i).Message(), all)
			}
		default:
			attachments(v.Message(), all)
		}
		return true
	})
}

// describe says what names a file.
func describe(path string) (*commonv1.Attachment, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.New(fault.NotFound, "打不开文件“%s”，请检查文件是否还在、是否被其他程序占用", path)
	}
	defer f.Close()
	h := sha256.New()
	size, err := io.Copy(h, f)
	switch {
	case err != nil:
		return nil, fault.New(fault.NotFound, "读取文件“%s”失败，请重新选择", path)
	case size == 0:
		return nil, fault.New(fault.Invalid, "文件“%s”是空的，请重新选择", filepath.Base(path))
	case size > mostBytes:
		return nil, fault.New(fault.Invalid, "文件“%s”超过 50 MB，请压缩或拆分后再上传", filepath.Base(path))
	}
	return &commonv1.Attachment{Sha256: hex.EncodeToString(h.Sum(nil)), Name: filepath.Base(path), Size: size}, nil
}

// send sends a file in chunks; what the server has already is not sent again.
func (c *Client) send(ctx context.Context, a *commonv1.Attachment, b []byte) error {
	plain := attachmentv1connect.NewAttachmentServiceClient(&http.Client{Transport: c.plain, Timeout: longestCall}, c.url, c.opts...)
	for at := int64(0); at < int64(len(b)); {
		end := min(at+chunk, int64(len(b)))
		resp, err := plain.Upload(ctx, &attachmentv1.UploadRequest{Sha256: a.Sha256, Size: int64(len(b)), Offset: at, Chunk: b[at:end]})
		if err != nil {
			return err
		}
		at = resp.Offset
	}
	return nil
}

// Download fetches a file that a record names into a folder and returns its path; what is there already and whole is not fetched again.
// Bytes that do not give the digest are refused.
func (c *Client) Download(ctx context.Context, a *commonv1.Attachment, kind, id, dir string) (string, error) {
	folder := filepath.Join(dir, a.Sha256[:16])
	path := filepath.Join(folder, filepath.Base(a.Name))
	if sum, err := digest(path); err == nil && sum == a.Sha256 {
		return path, nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(folder, ".part-*")
	if err != nil {
		return "", err
	}
	defer os.Remove(f.Name()) // nothing is there any more once it has its name
	err = c.receive(ctx, f, a, kind, id)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	if sum, err := digest(f.Name()); err != nil || sum != a.Sha256 {
		return "", fault.New(fault.Internal, "附件“%s”内容与登记的摘要不符，请联系管理员", a.Name)
	}
	return path, os.Rename(f.Name(), path)
}

func (c *Client) receive(ctx context.Context, w io.Writer, a *commonv1.Attachment, kind, id string) error {
	for at, size := int64(0), int64(1); at < size; {
		resp, err := c.files().Download(ctx, &attachmentv1.DownloadRequest{Sha256: a.Sha256, Kind: kind, Id: id, Offset: at})
		if err != nil {
			return err
		}
		if len(resp.Chunk) == 0 {
			return fault.New(fault.Offline, "附件“%s”没有下载完整，请重试", a.Name)
		}
		if _, err := w.Write(resp.Chunk); err != nil {
			return err
		}
		at, size = at+int64(len(resp.Chunk)), resp.Size
	}
	return nil
}

func digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
