/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_ATTACH_H
#define CHAOS_ATTACH_H

/* Attaches to the journal in the folder, unless that very file is attached to already. */
void journal_attach(int folder);

#endif
