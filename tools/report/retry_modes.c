/* SPDX-License-Identifier: Apache-2.0 */
/* What the SDKs document of their modes of retrying. */
#include "retry.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A pause may be that much longer than documented on a machine that is busy. */
#define LATE_MS 150u

#define BOTOCORE                                                                                   \
	{                                                                                          \
		"Boto3/", "Botocore/", "aws-cli/"                                                  \
	}

/* Of one SDK and mode the one that is newer comes last. */
static const struct retry_mode modes[] = {
	{"botocore legacy", BOTOCORE, "legacy", 5, 10, 1000, 50, 1000, 0, 0, 0},
	{"botocore standard before 2026", BOTOCORE, "standard", 3, 3, 1000, 1000, 1000, 20000, 500,
		5},
	{"botocore standard", BOTOCORE, "standard", 3, 4, 50, 25, 1000, 20000, 500, 14},
	{"botocore adaptive before 2026", BOTOCORE, "adaptive", 3, 3, 1000, 1000, 1000, 20000, 500,
		5},
	{"botocore adaptive", BOTOCORE, "adaptive", 3, 4, 50, 25, 1000, 20000, 500, 14},
	{"JavaScript v3 standard before 2026", {"aws-sdk-js/3"}, "standard", 3, 3, 100, 100, 500,
		20000, 500, 5},
	{"JavaScript v3 standard", {"aws-sdk-js/3"}, "standard", 3, 4, 50, 25, 1000, 20000, 500,
		14},
	{"JavaScript v3 adaptive before 2026", {"aws-sdk-js/3"}, "adaptive", 3, 3, 100, 100, 500,
		20000, 500, 5},
	{"JavaScript v3 adaptive", {"aws-sdk-js/3"}, "adaptive", 3, 4, 50, 25, 1000, 20000, 500,
		14},
	{"Java v2 legacy", {"aws-sdk-java/2"}, "legacy", 4, 9, 100, 25, 500, 20000, 500, 5},
	{"Java v2 standard before 2026", {"aws-sdk-java/2"}, "standard", 3, 3, 100, 100, 1000,
		20000, 500, 5},
	{"Java v2 standard", {"aws-sdk-java/2"}, "standard", 3, 4, 50, 25, 1000, 20000, 500, 14},
	{"Go v2 standard before 2026", {"aws-sdk-go-v2/"}, "standard", 3, 3, 1000, 1000, 1000,
		20000, 500, 5},
	{"Go v2 standard", {"aws-sdk-go-v2/"}, "standard", 3, 4, 50, 25, 1000, 20000, 500, 14},
};

static bool is_dynamodb(const char *service)
{
	return strncmp(service, "dynamodb", strlen("dynamodb")) == 0;
}

int retry_attempts(const struct retry_mode *mode, const char *service)
{
	return is_dynamodb(service) ? mode->dynamodb_attempts : mode->attempts;
}

uint32_t retry_pause_max(const struct retry_mode *mode, const char *service,
	enum retry_outcome outcome, unsigned number)
{
	uint64_t base = is_dynamodb(service) ? mode->dynamodb_base : mode->base;

	/* A mode that knows no difference has none for DynamoDB either. */
	if (outcome == RETRY_THROTTLED && mode->throttled_base > mode->base)
		base = mode->throttled_base;
	if (number > 20)
		number = 20;
	base <<= number ? number - 1 : 0;
	return (uint32_t)(mode->cap && base > mode->cap ? mode->cap : base);
}

static bool is_of(const struct retry_mode *mode, const struct retry_seen *seen)
{
	if (strcmp(mode->mode, seen->mode) != 0)
		return false;
	for (size_t i = 0; i < sizeof(mode->sdks) / sizeof(*mode->sdks) && mode->sdks[i]; i++)
		if (strncmp(seen->sdk, mode->sdks[i], strlen(mode->sdks[i])) == 0)
			return true;
	return false;
}

static bool agrees(
	const struct retry_mode *mode, const struct retry_seen *seen, char why[RETRY_WHY_MAX])
{
	int attempts = retry_attempts(mode, seen->service);

	if (seen->attempts_max && seen->attempts_max != attempts) {
		snprintf(why, RETRY_WHY_MAX, "it is set to at most %d attempts, not %d",
			seen->attempts_max, attempts);
		return false;
	}
	if (seen->most > attempts) {
		snprintf(why, RETRY_WHY_MAX, "a call had %d attempts, not %d at most", seen->most,
			attempts);
		return false;
	}
	/* Further pauses keep the rate of requests down. */
	if (strcmp(mode->mode, "adaptive") == 0)
		return true;
	for (unsigned i = 0; i < seen->count && seen->steps[i].count; i++) {
		uint32_t most = retry_pause_max(mode, seen->service, seen->outcome, i + 1);
		uint64_t ms = seen->steps[i].most / 1000000;

		if (ms <= most + most / 8 + LATE_MS)
			continue;
		snprintf(why, RETRY_WHY_MAX,
			"retry %u came after %" PRIu64 " ms, not after %" PRIu32 " at most", i + 1,
			ms, most);
		return false;
	}
	return true;
}

/* The newest that agrees: the older one is allowed longer pauses, and says less. */
const struct retry_mode *retry_documented(const struct retry_seen *seen, char why[RETRY_WHY_MAX])
{
	const struct retry_mode *found = NULL;
	char reason[RETRY_WHY_MAX];

	*why = '\0';
	for (size_t i = sizeof(modes) / sizeof(*modes); i-- > 0;) {
		if (!is_of(&modes[i], seen))
			continue;
		if (agrees(&modes[i], seen, reason)) {
			*why = '\0';
			return &modes[i];
		}
		if (!found) {
			found = &modes[i];
			memcpy(why, reason, RETRY_WHY_MAX);
		}
	}
	return found;
}
