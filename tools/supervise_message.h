/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_SUPERVISE_MESSAGE_H
#define CHAOS_TOOLS_SUPERVISE_MESSAGE_H

/* What a process and its supervisor-to-be say to each other, on the socket in the runtime folder. First
 * the supervisor says a byte, that it is there; and another, that it has a listener. */

/* Each comes with a descriptor. Of certificates there may be none; they
 * are answered with a path, to them and the authority's; "": there is none. */
#define SUPERVISE_LISTENER     'l'
#define SUPERVISE_CERTIFICATES 'c'

/* An address that nobody has: who connects to it asks whether a supervisor of ours has his calls. */
#define SUPERVISE_QUESTION "\0chaos-run: is this process supervised?"

#endif
