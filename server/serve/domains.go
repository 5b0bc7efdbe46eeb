package serve

import (
	"slices"

	"connectrpc.com/connect"

	"zhiping/proto/gen/zhiping/activity/v1/activityv1connect"
	"zhiping/proto/gen/zhiping/application/v1/applicationv1connect"
	"zhiping/proto/gen/zhiping/certificate/v1/certificatev1connect"
	"zhiping/proto/gen/zhiping/committee/v1/committeev1connect"
	"zhiping/proto/gen/zhiping/confirmation/v1/confirmationv1connect"
	"zhiping/proto/gen/zhiping/expert/v1/expertv1connect"
	"zhiping/proto/gen/zhiping/export/v1/exportv1connect"
	"zhiping/proto/gen/zhiping/home/v1/homev1connect"
	"zhiping/proto/gen/zhiping/meeting/v1/meetingv1connect"
	"zhiping/proto/gen/zhiping/message/v1/messagev1connect"
	"zhiping/proto/gen/zhiping/notice/v1/noticev1connect"
	"zhiping/proto/gen/zhiping/publicity/v1/publicityv1connect"
	"zhiping/proto/gen/zhiping/room/v1/roomv1connect"
	"zhiping/server/activity"
	"zhiping/server/application"
	"zhiping/server/blob"
	"zhiping/server/certificate"
	"zhiping/server/committee"
	"zhiping/server/confirmation"
	"zhiping/server/expert"
	"zhiping/server/export"
	"zhiping/server/home"
	"zhiping/server/meeting"
	"zhiping/server/message"
	"zhiping/server/notice"
	"zhiping/server/person"
	"zhiping/server/publicity"
	"zhiping/server/room"
)

// maxColumns bounds what staff's laptop hands in of a counted round.
const maxColumns = 34 << 20

// sequencer mounts what booths and staff's laptops call where no hub laptop holds a meeting.
func (s *Server) sequencer(opts []connect.HandlerOption) {
	opts = append(slices.Clone(opts), connect.WithInterceptors(room.Until(s.stop)), connect.WithReadMaxBytes(maxColumns))
	booths := append(slices.Clone(opts), connect.WithInterceptors(s.rooms.Guard()), connect.WithReadMaxBytes(2<<20))
	s.mux.Handle(roomv1connect.NewRoomServiceHandler(s.rooms.Handler, booths...))
	s.mux.Handle(roomv1connect.NewDeskServiceHandler(s.rooms.Handler, opts...))
}

// domains puts the services of the business together, in the order in which data flows through them.
func (s *Server) domains(files *blob.Store, opts []connect.HandlerOption) {
	people := person.New(s.Keys.People())
	s.mux.Handle(committeev1connect.NewCommitteeServiceHandler(committee.New(s.Run, expert.Pool{}), opts...))
	s.mux.Handle(committeev1connect.NewCompetenceServiceHandler(committee.NewCompetence(s.Run), opts...))
	s.mux.Handle(expertv1connect.NewExpertServiceHandler(expert.New(s.Run, people, meeting.Panels{}), opts...))
	s.mux.Handle(activityv1connect.NewActivityServiceHandler(activity.New(s.Run), opts...))
	s.mux.Handle(applicationv1connect.NewApplicationServiceHandler(application.New(s.Run, people), opts...))
	s.mux.Handle(meetingv1connect.NewMeetingServiceHandler(meeting.New(s.Run, files, s.Keys, s.rooms), opts...))
	s.mux.Handle(publicityv1connect.NewPublicityServiceHandler(publicity.New(s.Run), opts...))
	s.mux.Handle(confirmationv1connect.NewConfirmationServiceHandler(confirmation.New(s.Run), opts...))
	s.mux.Handle(messagev1connect.NewMessageServiceHandler(message.New(s.Run), opts...))
	s.mux.Handle(noticev1connect.NewNoticeServiceHandler(notice.New(s.Run), opts...))
	s.mux.Handle(exportv1connect.NewExportServiceHandler(export.New(s.Run), opts...))
	s.mux.Handle(certificatev1connect.NewCertificateServiceHandler(certificate.New(s.Run, s.Keys), opts...))
	s.mux.Handle(homev1connect.NewHomeServiceHandler(home.New(s.DB), opts...))
}
