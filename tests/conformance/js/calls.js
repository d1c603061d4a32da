// SPDX-License-Identifier: Apache-2.0
// The calls that are made, a few of each client. `service` is botocore's name.
"use strict";
const { Readable } = require("stream");

const ACCOUNT = "123456789012";
const GLOBAL = "us-east-1";
const BUCKET = { Bucket: "my-bucket" };
const OBJECT = { ...BUCKET, Key: "a folder/ü+1.txt" };
const s3Arn = (service, region, resource) => `arn:aws:${service}:${region}:${ACCOUNT}:${resource}`;

/* [client, service, {operation: input}, options]. Of the options:
 *   config    more of the client's configuration
 *   protocol  a class of @aws-sdk/core that the client is to speak, if not its own
 *   noRegion  with an endpoint of one's own, no byte tells the region
 *   home      the region to which it goes on AWS' own host, if not the client's
 *   everywhere  signed for all regions: a rule for any region finds it
 *   hosts     where the call goes, if not both to an endpoint of one's own and to AWS' own host;
 *             "localhost" takes host prefixes, which an IP address does not
 *   answers   the operation that the SDK calls before the one that it is asked for
 *   head      by HEAD: "plain" has no word of the code, "typed" a header with it */
module.exports = [
	// JSON 1.0
	["dynamodb", "dynamodb", {
		ListTables: {},
		GetItem: { TableName: "t", Key: { id: { S: "1" } } },
	}],
	["sfn", "stepfunctions", { ListStateMachines: {} }],
	["sfn", "stepfunctions", {
		StartSyncExecution: { stateMachineArn: "arn:aws:states:eu-west-2:123456789012:stateMachine:m" },
	}, { hosts: ["localhost", "aws"] }],
	["sqs", "sqs", { ListQueues: {} }],
	["sqs", "sqs", {
		ReceiveMessage: { QueueUrl: "http://127.0.0.1/123456789012/q" },
	}, { hosts: ["127.0.0.1"] }],
	["swf", "swf", { ListDomains: { registrationStatus: "REGISTERED" } }],
	["apprunner", "apprunner", { ListServices: {} }],
	["keyspaces", "keyspaces", { ListKeyspaces: {} }],
	["timestream-write", "timestream-write", { DescribeEndpoints: {} }],
	["timestream-query", "timestream-query", { DescribeEndpoints: {} }],
	["network-firewall", "network-firewall", { ListFirewalls: {} }],
	["verifiedpermissions", "verifiedpermissions", { ListPolicyStores: {} }],
	["cloudwatch", "cloudwatch", {
		ListMetrics: {},
		PutMetricData: { Namespace: "n", MetricData: [{ MetricName: "m", Value: 1 }] },
	}],
	["compute-optimizer", "compute-optimizer", { GetEnrollmentStatus: {} }],

	// JSON 1.1
	["ssm", "ssm", { GetParameter: { Name: "/a/b" } }],
	["kms", "kms", { ListKeys: {} }],
	["secrets-manager", "secretsmanager", { GetSecretValue: { SecretId: "s" } }],
	["cloudwatch-logs", "logs", { DescribeLogGroups: {} }],
	["cloudwatch-logs", "logs", {
		StartLiveTail: { logGroupIdentifiers: ["arn:aws:logs:eu-west-2:123456789012:log-group:g"] },
	}, { hosts: ["localhost", "aws"] }],
	["eventbridge", "events", { ListRules: {} }],
	["ecs", "ecs", { ListClusters: {} }],
	["ecr", "ecr", { DescribeRepositories: {} }],
	["kinesis", "kinesis", {
		ListStreams: {},
		PutRecord: { StreamName: "s", PartitionKey: "p", Data: Buffer.from("data") },
		SubscribeToShard: {
			ConsumerARN: "arn:aws:kinesis:eu-west-2:123456789012:stream/s/consumer/c:1",
			ShardId: "1",
			StartingPosition: { Type: "LATEST" },
		},
	}],
	["firehose", "firehose", { ListDeliveryStreams: {} }],
	["athena", "athena", { ListWorkGroups: {} }],
	["cognito-identity-provider", "cognito-idp", { ListUserPools: { MaxResults: 1 } }],
	["cognito-identity-provider", "cognito-idp", {
		SignUp: { ClientId: "c", Username: "u", Password: "p" },
	}, { noRegion: true }],
	["cognito-identity", "cognito-identity", { ListIdentityPools: { MaxResults: 1 } }],
	["acm", "acm", { ListCertificates: {} }],
	["organizations", "organizations", { DescribeOrganization: {} }, { home: GLOBAL }],
	["codebuild", "codebuild", { ListProjects: {} }],
	["servicediscovery", "servicediscovery", { ListNamespaces: {} }],
	["servicediscovery", "servicediscovery", {
		DiscoverInstances: { NamespaceName: "n", ServiceName: "s" },
	}, { hosts: ["localhost", "aws"] }],
	["wafv2", "wafv2", { ListWebACLs: { Scope: "REGIONAL" } }],
	["gamelift", "gamelift", { ListBuilds: {} }],
	["comprehendmedical", "comprehendmedical", { DetectEntitiesV2: { Text: "t" } }],
	["marketplace-entitlement-service", "marketplace-entitlement", {
		GetEntitlements: { ProductCode: "p" },
	}],

	// RPC v2, which no client speaks by itself; these services offer it, if not in JSON
	["cloudwatch", "cloudwatch", { DescribeAlarms: {} }, { protocol: "AwsSmithyRpcV2CborProtocol" }],
	["gamelift", "gamelift", { ListFleets: {} }, { protocol: "AwsSmithyRpcV2CborProtocol" }],
	["compute-optimizer", "compute-optimizer", {
		GetRecommendationSummaries: {},
	}, { protocol: "AwsSmithyRpcV2CborProtocol" }],
	["comprehendmedical", "comprehendmedical", {
		DetectPHI: { Text: "t" },
	}, { protocol: "AwsSmithyRpcV2CborProtocol" }],
	["cloudwatch", "cloudwatch", { GetMetricData: {
		MetricDataQueries: [], StartTime: new Date(0), EndTime: new Date(1),
	} }, { protocol: "AwsSmithyRpcV2JsonProtocol" }],
	["gamelift", "gamelift", { ListAliases: {} }, { protocol: "AwsSmithyRpcV2JsonProtocol" }],
	["compute-optimizer", "compute-optimizer", {
		GetEffectiveRecommendationPreferences: { resourceArn: s3Arn("ec2", "eu-west-2", "instance/i-1") },
	}, { protocol: "AwsSmithyRpcV2JsonProtocol" }],

	// Query
	["iam", "iam", { ListUsers: {} }, { home: GLOBAL }],
	["sts", "sts", { GetCallerIdentity: {} }],
	["sts", "sts", {
		AssumeRoleWithWebIdentity: {
			RoleArn: "arn:aws:iam::123456789012:role/r", RoleSessionName: "s", WebIdentityToken: "t",
		},
	}, { noRegion: true }],
	["sns", "sns", { ListTopics: {} }],
	["cloudformation", "cloudformation", { DescribeStacks: {} }],
	["rds", "rds", { DescribeDBInstances: {} }],
	["docdb", "docdb", { DescribeDBInstances: {} }],
	["neptune", "neptune", { DescribeDBInstances: {} }],
	["elasticache", "elasticache", { DescribeCacheClusters: {} }],
	["elastic-load-balancing-v2", "elbv2", { DescribeLoadBalancers: {} }],
	["auto-scaling", "autoscaling", { DescribeAutoScalingGroups: {} }],
	["redshift", "redshift", { DescribeClusters: {} }],
	["ses", "ses", { ListIdentities: {} }],
	["cloudwatch", "cloudwatch", { DescribeAlarmHistory: {} }, { protocol: "AwsQueryProtocol" }],

	// EC2
	["ec2", "ec2", { DescribeVpcs: {}, TerminateInstances: { InstanceIds: ["i-1"] } }],

	// REST with JSON
	["lambda", "lambda", {
		ListFunctions: {},
		Invoke: { FunctionName: "f", Payload: "{}" },
		InvokeWithResponseStream: { FunctionName: "f" },
	}],
	["api-gateway", "apigateway", { GetRestApis: {}, CreateRestApi: { name: "n" } }],
	["apigatewayv2", "apigatewayv2", { GetApis: {} }],
	["iot", "iot", { ListThings: {}, DescribeThing: { thingName: "t" } }],
	["iot-data-plane", "iot-data", { GetThingShadow: { thingName: "t" } }],
	["eks", "eks", { ListClusters: {}, DescribeCluster: { name: "c" } }],
	["batch", "batch", { ListJobs: { jobQueue: "q" } }],
	["efs", "efs", { DescribeFileSystems: {} }],
	["lex-models-v2", "lexv2-models", {
		ListBots: {},
		DescribeBot: { botId: "b" },
		ListTagsForResource: { resourceARN: "arn:aws:lex:eu-west-2:123456789012:bot/b" },
	}],
	["lex-runtime-v2", "lexv2-runtime", {
		GetSession: { botId: "b", botAliasId: "a", localeId: "en_GB", sessionId: "s" },
		RecognizeText: { botId: "b", botAliasId: "a", localeId: "en_GB", sessionId: "s", text: "t" },
	}],
	["bedrock", "bedrock", { ListFoundationModels: {} }],
	["bedrock", "bedrock", { ListGuardrails: {} }, {
		noRegion: true,
		config: { token: { token: "t" }, authSchemePreference: ["httpBearerAuth"] },
	}],
	["bedrock-runtime", "bedrock-runtime", {
		InvokeModel: { modelId: "vendor.model-v1:0", body: "{}" },
		Converse: { modelId: "arn:aws:bedrock:eu-west-2::foundation-model/m", messages: [] },
		ConverseStream: { modelId: "vendor.model-v1:0", messages: [] },
		InvokeModelWithResponseStream: { modelId: "vendor.model-v1:0", body: "{}" },
	}],
	["polly", "polly", {
		DescribeVoices: {},
		SynthesizeSpeech: { OutputFormat: "mp3", Text: "t", VoiceId: "Amy" },
	}],
	["sesv2", "sesv2", { GetAccount: {}, GetEmailIdentity: { EmailIdentity: "a@example.com" } }],
	["sso", "sso", { ListAccounts: { accessToken: "t" } }, { noRegion: true }],
	["sso-oidc", "sso-oidc", {
		CreateToken: { clientId: "c", clientSecret: "s", grantType: "g" },
	}, { noRegion: true }],
	["mediastore-data", "mediastore-data", { ListItems: {}, GetObject: { Path: "a/b" } }],
	["mediastore-data", "mediastore-data", { DescribeObject: { Path: "a/b" } }, { head: "typed" }],
	["scheduler", "scheduler", { ListSchedules: {} }],
	["glacier", "glacier", { ListVaults: { accountId: "-" } }],
	["appsync", "appsync", { ListGraphqlApis: {} }],
	["xray", "xray", { GetSamplingRules: {} }],
	["cloudfront-keyvaluestore", "cloudfront-keyvaluestore", {
		ListKeys: { KvsARN: `arn:aws:cloudfront::${ACCOUNT}:key-value-store/a-b` },
	}, { hosts: ["localhost", "aws"], everywhere: true }],

	// REST with XML
	["route-53", "route53", {
		ListHostedZones: {},
		GetHostedZone: { Id: "Z1" },
	}, { home: GLOBAL }],
	["cloudfront", "cloudfront", {
		ListDistributions: {},
		GetDistribution: { Id: "D1" },
	}, { home: GLOBAL }],
	["s3-control", "s3control", {
		ListJobs: { AccountId: ACCOUNT },
		GetPublicAccessBlock: { AccountId: ACCOUNT },
	}, { hosts: ["localhost", "aws"] }],

	// S3, path and virtual host
	["s3", "s3", {
		ListBuckets: {},
		ListObjectsV2: BUCKET,
		ListObjects: BUCKET,
		GetBucketLocation: BUCKET,
		CreateBucket: BUCKET,
		GetObject: OBJECT,
		PutObject: { ...OBJECT, Body: "body" },
		CopyObject: { ...OBJECT, CopySource: "other/key" },
		DeleteObject: OBJECT,
		DeleteObjects: { ...BUCKET, Delete: { Objects: [{ Key: "k" }] } },
		CreateMultipartUpload: OBJECT,
		UploadPart: () => ({
			...OBJECT, PartNumber: 1, UploadId: "u", Body: Readable.from([Buffer.alloc(100000)]),
			ContentLength: 100000,
		}),
		CompleteMultipartUpload: { ...OBJECT, UploadId: "u", MultipartUpload: { Parts: [] } },
		GetBucketLifecycleConfiguration: BUCKET,
		SelectObjectContent: {
			...OBJECT, Expression: "select 1", ExpressionType: "SQL",
			InputSerialization: { JSON: {} }, OutputSerialization: { JSON: {} },
		},
	}, { hosts: ["127.0.0.1", "localhost", "aws"] }],
	["s3", "s3", {
		HeadObject: OBJECT,
		HeadBucket: BUCKET,
	}, { hosts: ["127.0.0.1", "localhost", "aws"], head: "plain" }],
	// Waits for "100 Continue" before it sends the body.
	["s3", "s3", {
		PutObject: { ...OBJECT, Body: Buffer.alloc(3 << 20) },
	}, { hosts: ["localhost"] }],

	// S3 in its other addresses
	["s3", "s3", { GetObject: OBJECT }, { hosts: ["aws"], config: { forcePathStyle: true } }],
	["s3", "s3", { GetObject: OBJECT }, { hosts: ["aws"], config: { useDualstackEndpoint: true } }],
	["s3", "s3", { GetObject: OBJECT }, { hosts: ["aws"], config: { useFipsEndpoint: true } }],
	["s3", "s3", { GetObject: OBJECT }, { hosts: ["aws"], config: { useAccelerateEndpoint: true } }],
	["s3", "s3", {
		GetObject: { ...OBJECT, Bucket: s3Arn("s3", "eu-west-2", "accesspoint/ap") },
	}, { hosts: ["aws"] }],
	["s3", "s3", {
		ListObjectsV2: { Bucket: s3Arn("s3-object-lambda", "eu-west-2", "accesspoint/ap") },
	}, { hosts: ["aws"] }],
	["s3", "s3", {
		GetObjectTagging: {
			...OBJECT, Bucket: s3Arn("s3-outposts", "eu-west-2", "outpost/op-1/accesspoint/ap"),
		},
	}, { hosts: ["aws"], everywhere: true }],
	["s3", "s3", {
		GetObjectAcl: { ...OBJECT, Bucket: s3Arn("s3", "", "accesspoint/m.mrap") },
	}, { hosts: ["aws"], everywhere: true }],
	["s3", "s3", {
		GetObject: { ...OBJECT, Bucket: "my-bucket--euw2-az1--x-s3" },
	}, { hosts: ["aws"], answers: "CreateSession" }],
];
