package syncer

import (
	"zhiping/proto/gen/zhiping/committee/v1/committeev1connect"
	"zhiping/proto/gen/zhiping/expert/v1/expertv1connect"
)

// Committees is the client of the committee service.
func (c *Client) Committees() committeev1connect.CommitteeServiceClient {
	return committeev1connect.NewCommitteeServiceClient(c.http, c.url, c.opts...)
}

// Experts is the client of the expert service.
func (c *Client) Experts() expertv1connect.ExpertServiceClient {
	return expertv1connect.NewExpertServiceClient(c.http, c.url, c.opts...)
}
