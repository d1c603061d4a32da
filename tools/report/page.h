/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_PAGE_H
#define CHAOS_REPORT_PAGE_H

/* What is the same in every page. */
extern const char page_begin[], page_legend[], page_end[];

#endif
