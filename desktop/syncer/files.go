package syncer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"

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

// Upload sends a file in chunks and returns what names it in a record. A file that the server has already, or has a part of, is not sent
// again.
func (c *Client) Upload(ctx context.Context, path string) (*commonv1.Attachment, error) {
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
	a := &commonv1.Attachment{Sha256: hex.EncodeToString(h.Sum(nil)), Name: filepath.Base(path), Size: size}
	b := make([]byte, chunk)
	for at := int64(0); at < size; {
		n, err := f.ReadAt(b, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		resp, err := c.files().Upload(ctx, &attachmentv1.UploadRequest{Sha256: a.Sha256, Size: size, Offset: at, Chunk: b[:n]})
		if err != nil {
			return nil, err
		}
		at = resp.Offset
	}
	return a, nil
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
