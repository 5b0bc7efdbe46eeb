// Package attachment takes and hands out files, addressed by their SHA-256; who may read one follows from the record that names it.
package attachment

import (
	"context"

	"google.golang.org/protobuf/reflect/protoreflect"

	attachmentv1 "zhiping/proto/gen/zhiping/attachment/v1"
	commonv1 "zhiping/proto/gen/zhiping/common/v1"
	"zhiping/server/blob"
	"zhiping/server/record"
	"zhiping/server/session"
	"zhiping/shared/db"
	"zhiping/shared/fault"
)

// chunk is how many bytes one answer carries.
const chunk = 1 << 20

// A Service implements attachmentv1connect.AttachmentServiceHandler.
type Service struct {
	db    *db.DB
	files *blob.Store
}

// New returns the service.
func New(d *db.DB, files *blob.Store) *Service { return &Service{db: d, files: files} }

// Upload implements the RPC.
func (s *Service) Upload(_ context.Context, r *attachmentv1.UploadRequest) (*attachmentv1.UploadResponse, error) {
	next, err := s.files.Append(r.Sha256, r.Size, r.Offset, r.Chunk)
	return &attachmentv1.UploadResponse{Offset: next}, err
}

// Download implements the RPC.
func (s *Service) Download(ctx context.Context, r *attachmentv1.DownloadRequest) (*attachmentv1.DownloadResponse, error) {
	missing := fault.New(fault.NotFound, "附件不存在，或您没有查看权限")
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		_, m, visible, err := record.Body(ctx, tx, session.Of(ctx).Viewer(), r.Kind, r.Id)
		if err == nil && (!visible || !names(m.ProtoReflect(), r.Sha256)) {
			return missing
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	b, size, err := s.files.Read(r.Sha256, r.Offset, chunk)
	if err != nil {
		return nil, missing
	}
	return &attachmentv1.DownloadResponse{Chunk: b, Size: size}, nil
}

// names reports whether a message holds, at any depth, an Attachment with this digest.
func names(m protoreflect.Message, sum string) bool {
	if a, ok := m.Interface().(*commonv1.Attachment); ok {
		return a.Sha256 == sum
	}
	found := false
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if fd.Kind() != protoreflect.MessageKind || fd.IsMap() {
			return true
		}
		if !fd.IsList() {
			found = names(v.Message(), sum)
			return !found
		}
		for i := range v.List().Len() {
			if names(v.List().Get(i).Message(), sum) {
				found = true
				return false
			}
		}
		return true
	})
	return found
}
