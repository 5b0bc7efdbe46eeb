package syncer

import (
	"slices"

	"connectrpc.com/connect"

	"zhiping/proto/gen/zhiping/committee/v1/committeev1connect"
	"zhiping/proto/gen/zhiping/expert/v1/expertv1connect"
	"zhiping/proto/gen/zhiping/home/v1/homev1connect"
	"zhiping/proto/gen/zhiping/meeting/v1/meetingv1connect"
	"zhiping/proto/gen/zhiping/publicity/v1/publicityv1connect"
	"zhiping/proto/gen/zhiping/room/v1/roomv1connect"
)

// Committees is the client of the committee service.
func (c *Client) Committees() committeev1connect.CommitteeServiceClient {
	return committeev1connect.NewCommitteeServiceClient(c.http, c.url, c.opts...)
}

// Experts is the client of the expert service.
func (c *Client) Experts() expertv1connect.ExpertServiceClient {
	return expertv1connect.NewExpertServiceClient(c.http, c.url, c.opts...)
}

// Competences is the client of the competent-department map.
func (c *Client) Competences() committeev1connect.CompetenceServiceClient {
	return committeev1connect.NewCompetenceServiceClient(c.http, c.url, c.opts...)
}

// Meetings is the client of the meeting service.
func (c *Client) Meetings() meetingv1connect.MeetingServiceClient {
	return meetingv1connect.NewMeetingServiceClient(c.http, c.url, c.opts...)
}

// Desk is the client of staff's hand on a session that the server sequences.
func (c *Client) Desk() roomv1connect.DeskServiceClient {
	return roomv1connect.NewDeskServiceClient(c.http, c.url, c.opts...)
}

// Rooms is the client of what booths ask of the server; paired lets its calls carry a meeting's pairing code.
func (c *Client) Rooms(paired connect.ClientOption) roomv1connect.RoomServiceClient {
	return roomv1connect.NewRoomServiceClient(c.http, c.url, append(slices.Clone(c.opts), paired)...)
}

// Address is the server's, as a booth types it.
func (c *Client) Address() string { return c.url }

// Publicities is the client of the publicity service.
func (c *Client) Publicities() publicityv1connect.PublicityServiceClient {
	return publicityv1connect.NewPublicityServiceClient(c.http, c.url, c.opts...)
}

// Home is the client of the first page's service.
func (c *Client) Home() homev1connect.HomeServiceClient {
	return homev1connect.NewHomeServiceClient(c.http, c.url, c.opts...)
}
