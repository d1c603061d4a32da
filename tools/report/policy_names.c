/* SPDX-License-Identifier: Apache-2.0 */
/* What IAM calls services and operations. */
#include "policy.h"

#include <string.h>

/* Of those whose prefix is not botocore's name. */
static const char *const prefixes[][2] = {
	{"accessanalyzer", "access-analyzer"},
	{"amp", "aps"},
	{"apigatewaymanagementapi", "execute-api"},
	{"apigatewayv2", "apigateway"},
	{"appconfigdata", "appconfig"},
	{"appintegrations", "app-integrations"},
	{"application-insights", "applicationinsights"},
	{"backupsearch", "backup-search"},
	{"bedrock-agent", "bedrock"},
	{"bedrock-agent-runtime", "bedrock"},
	{"bedrock-agentcore-control", "bedrock-agentcore"},
	{"bedrock-data-automation", "bedrock"},
	{"bedrock-data-automation-runtime", "bedrock"},
	{"bedrock-runtime", "bedrock"},
	{"ce", "ce"},
	{"chime-sdk-identity", "chime"},
	{"chime-sdk-media-pipelines", "chime"},
	{"chime-sdk-meetings", "chime"},
	{"chime-sdk-messaging", "chime"},
	{"chime-sdk-voice", "chime"},
	{"cleanroomsml", "cleanrooms-ml"},
	{"cloudcontrol", "cloudformation"},
	{"cloudhsmv2", "cloudhsm"},
	{"cloudsearchdomain", "cloudsearch"},
	{"codeguruprofiler", "codeguru-profiler"},
	{"connect-contact-lens", "connect"},
	{"connectcampaigns", "connect-campaigns"},
	{"connectcampaignsv2", "connect-campaigns"},
	{"connectcases", "cases"},
	{"customer-profiles", "profile"},
	{"docdb", "rds"},
	{"dynamodbstreams", "dynamodb"},
	{"efs", "elasticfilesystem"},
	{"elb", "elasticloadbalancing"},
	{"elbv2", "elasticloadbalancing"},
	{"emr", "elasticmapreduce"},
	{"forecastquery", "forecast"},
	{"greengrassv2", "greengrass"},
	{"iot-data", "iot"},
	{"iot-jobs-data", "iotjobsdata"},
	{"iotsecuretunneling", "iot"},
	{"ivs-realtime", "ivs"},
	{"keyspaces", "cassandra"},
	{"kinesis-video-archived-media", "kinesisvideo"},
	{"kinesis-video-media", "kinesisvideo"},
	{"kinesis-video-signaling", "kinesisvideo"},
	{"kinesisanalyticsv2", "kinesisanalytics"},
	{"launch-wizard", "launchwizard"},
	{"lex-models", "lex"},
	{"lex-runtime", "lex"},
	{"lexv2-models", "lex"},
	{"lexv2-runtime", "lex"},
	{"location", "geo"},
	{"mailmanager", "ses"},
	{"marketplace-catalog", "aws-marketplace"},
	{"marketplace-entitlement", "aws-marketplace"},
	{"mediastore-data", "mediastore"},
	{"meteringmarketplace", "aws-marketplace"},
	{"migration-hub-refactor-spaces", "refactor-spaces"},
	{"migrationhub-config", "mgh"},
	{"migrationhuborchestrator", "migrationhub-orchestrator"},
	{"migrationhubstrategy", "migrationhub-strategy"},
	{"mturk", "mechanicalturk"},
	{"mwaa", "airflow"},
	{"neptune", "rds"},
	{"neptunedata", "neptune-db"},
	{"opensearch", "es"},
	{"opensearchserverless", "aoss"},
	{"payment-cryptography-data", "payment-cryptography"},
	{"personalize-events", "personalize"},
	{"personalize-runtime", "personalize"},
	{"pinpoint", "mobiletargeting"},
	{"pinpoint-email", "ses"},
	{"pinpoint-sms-voice", "sms-voice"},
	{"pinpoint-sms-voice-v2", "sms-voice"},
	{"qconnect", "wisdom"},
	{"resourcegroupstaggingapi", "tag"},
	{"s3control", "s3"},
	{"s3outposts", "s3-outposts"},
	{"sagemaker-a2i-runtime", "sagemaker"},
	{"sagemaker-edge", "sagemaker"},
	{"sagemaker-featurestore-runtime", "sagemaker"},
	{"sagemaker-metrics", "sagemaker"},
	{"sagemaker-runtime", "sagemaker"},
	{"service-quotas", "servicequotas"},
	{"servicecatalog-appregistry", "servicecatalog"},
	{"sesv2", "ses"},
	{"socialmessaging", "social-messaging"},
	{"sso-admin", "sso"},
	{"stepfunctions", "states"},
	{"support-app", "supportapp"},
	{"timestream-query", "timestream"},
	{"timestream-write", "timestream"},
	{"voice-id", "voiceid"},
	{"workspaces-thin-client", "thinclient"},
};

/* Calls whose actions are not "prefix:Operation". "-": none is needed. */
static const char *const actions[][3] = {
	{"bedrock-runtime", "Converse", "bedrock:InvokeModel"},
	{"bedrock-runtime", "ConverseStream", "bedrock:InvokeModelWithResponseStream"},
	{"dynamodb", "BatchExecuteStatement",
		"dynamodb:PartiQLDelete dynamodb:PartiQLInsert dynamodb:PartiQLSelect "
		"dynamodb:PartiQLUpdate"},
	{"dynamodb", "ExecuteStatement",
		"dynamodb:PartiQLDelete dynamodb:PartiQLInsert dynamodb:PartiQLSelect "
		"dynamodb:PartiQLUpdate"},
	{"dynamodb", "ExecuteTransaction",
		"dynamodb:PartiQLDelete dynamodb:PartiQLInsert dynamodb:PartiQLSelect "
		"dynamodb:PartiQLUpdate"},
	{"dynamodb", "TransactGetItems", "dynamodb:GetItem"},
	{"dynamodb", "TransactWriteItems",
		"dynamodb:ConditionCheckItem dynamodb:DeleteItem dynamodb:PutItem "
		"dynamodb:UpdateItem"},
	{"lambda", "Invoke", "lambda:InvokeFunction"},
	{"lambda", "InvokeAsync", "lambda:InvokeFunction"},
	{"lambda", "InvokeWithResponseStream", "lambda:InvokeFunction"},
	{"s3", "AbortMultipartUpload", "s3:AbortMultipartUpload"},
	{"s3", "CompleteMultipartUpload", "s3:PutObject"},
	{"s3", "CopyObject", "s3:PutObject"},
	{"s3", "CreateMultipartUpload", "s3:PutObject"},
	{"s3", "DeleteBucketCors", "s3:PutBucketCORS"},
	{"s3", "DeleteBucketEncryption", "s3:PutEncryptionConfiguration"},
	{"s3", "DeleteBucketLifecycle", "s3:PutLifecycleConfiguration"},
	{"s3", "DeleteBucketReplication", "s3:PutReplicationConfiguration"},
	{"s3", "DeleteBucketTagging", "s3:PutBucketTagging"},
	{"s3", "DeleteObjects", "s3:DeleteObject"},
	{"s3", "DeletePublicAccessBlock", "s3:PutBucketPublicAccessBlock"},
	{"s3", "GetBucketAccelerateConfiguration", "s3:GetAccelerateConfiguration"},
	{"s3", "GetBucketAnalyticsConfiguration", "s3:GetAnalyticsConfiguration"},
	{"s3", "GetBucketCors", "s3:GetBucketCORS"},
	{"s3", "GetBucketEncryption", "s3:GetEncryptionConfiguration"},
	{"s3", "GetBucketInventoryConfiguration", "s3:GetInventoryConfiguration"},
	{"s3", "GetBucketLifecycle", "s3:GetLifecycleConfiguration"},
	{"s3", "GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"},
	{"s3", "GetBucketMetricsConfiguration", "s3:GetMetricsConfiguration"},
	{"s3", "GetBucketNotificationConfiguration", "s3:GetBucketNotification"},
	{"s3", "GetBucketReplication", "s3:GetReplicationConfiguration"},
	{"s3", "GetObjectAttributes", "s3:GetObject s3:GetObjectAttributes"},
	{"s3", "GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration"},
	{"s3", "GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"},
	{"s3", "HeadBucket", "s3:ListBucket"},
	{"s3", "HeadObject", "s3:GetObject"},
	{"s3", "ListBuckets", "s3:ListAllMyBuckets"},
	{"s3", "ListMultipartUploads", "s3:ListBucketMultipartUploads"},
	{"s3", "ListObjectVersions", "s3:ListBucketVersions"},
	{"s3", "ListObjects", "s3:ListBucket"},
	{"s3", "ListObjectsV2", "s3:ListBucket"},
	{"s3", "ListParts", "s3:ListMultipartUploadParts"},
	{"s3", "PutBucketAccelerateConfiguration", "s3:PutAccelerateConfiguration"},
	{"s3", "PutBucketCors", "s3:PutBucketCORS"},
	{"s3", "PutBucketEncryption", "s3:PutEncryptionConfiguration"},
	{"s3", "PutBucketLifecycle", "s3:PutLifecycleConfiguration"},
	{"s3", "PutBucketLifecycleConfiguration", "s3:PutLifecycleConfiguration"},
	{"s3", "PutBucketNotificationConfiguration", "s3:PutBucketNotification"},
	{"s3", "PutBucketReplication", "s3:PutReplicationConfiguration"},
	{"s3", "PutObjectLockConfiguration", "s3:PutBucketObjectLockConfiguration"},
	{"s3", "PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock"},
	{"s3", "SelectObjectContent", "s3:GetObject"},
	{"s3", "UploadPart", "s3:PutObject"},
	{"s3", "UploadPartCopy", "s3:PutObject"},
	{"sns", "PublishBatch", "sns:Publish"},
	{"sqs", "ChangeMessageVisibilityBatch", "sqs:ChangeMessageVisibility"},
	{"sqs", "DeleteMessageBatch", "sqs:DeleteMessage"},
	{"sqs", "SendMessageBatch", "sqs:SendMessage"},
	{"sts", "AssumeRoleWithSAML", "-"},
	{"sts", "AssumeRoleWithWebIdentity", "-"},
	{"sts", "GetCallerIdentity", "-"},
	{"sts", "GetSessionToken", "-"},
};

/* API Gateway's actions are the methods of HTTP. */
static const char *const methods[][2] = {{"Create", "POST"}, {"Delete", "DELETE"},
	{"Flush", "DELETE"}, {"Generate", "POST"}, {"Get", "GET"}, {"Import", "POST"},
	{"Put", "PUT"}, {"Tag", "PUT"}, {"Test", "POST"}, {"Untag", "DELETE"}, {"Update", "PATCH"},
	{"Export", "GET"}, {"Reimport", "PUT"}, {"Reset", "DELETE"}};

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static const char *prefix_of(const char *service)
{
	for (size_t i = 0; i < COUNT(prefixes); i++)
		if (strcmp(prefixes[i][0], service) == 0)
			return prefixes[i][1];
	return service;
}

static const char *method_of(const char *operation)
{
	for (size_t i = 0; i < COUNT(methods); i++)
		if (strncmp(methods[i][0], operation, strlen(methods[i][0])) == 0)
			return methods[i][1];
	return "*";
}

void policy_actions(const char *service, const char *operation, char text[POLICY_TEXT_MAX])
{
	const char *prefix = prefix_of(service);

	for (size_t i = 0; i < COUNT(actions); i++) {
		if (strcmp(actions[i][0], service) != 0 || strcmp(actions[i][1], operation) != 0)
			continue;
		snprintf(text, POLICY_TEXT_MAX, "%s",
			strcmp(actions[i][2], "-") == 0 ? "" : actions[i][2]);
		return;
	}
	if (strcmp(prefix, "apigateway") == 0)
		operation = method_of(operation);
	snprintf(text, POLICY_TEXT_MAX, "%s:%s", prefix, *operation ? operation : "*");
}
