/* SPDX-License-Identifier: MIT */
/* rdv-proxy - addresses, which are numbers: nobody waits for a name server. */
#define _GNU_SOURCE
#include "proxy.h"
#include <arpa/inet.h>
#include <netdb.h>

/* An IPv6 address may have a scope, such as %eth0. */
static bool parse_v6(const char *ip, union addr *addr)
{
	const struct addrinfo hints = {.ai_family = AF_INET6,
				       .ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_NUMERICHOST};
	struct addrinfo *info;

	if (getaddrinfo(ip, NULL, &hints, &info))
		return false;
	memcpy(&addr->v6, info->ai_addr, sizeof(addr->v6));
	freeaddrinfo(info);
	return true;
}

bool addr_parse(const char *text, union addr *addr)
{
	char ip[ADDR_TEXT], more;
	unsigned port;

	*addr = (union addr){0};
	if (sscanf(text, "[%63[0-9a-zA-Z:.%_-]]:%5u%c", ip, &port, &more) == 2) {
		if (port > 65535 || !parse_v6(ip, addr))
			return false;
		addr->v6.sin6_port = htons((uint16_t)port);
		return true;
	}
	if (sscanf(text, "%15[0-9.]:%5u%c", ip, &port, &more) != 2 || port > 65535)
		return false;
	addr->v4.sin_family = AF_INET;
	addr->v4.sin_port = htons((uint16_t)port);
	return inet_pton(AF_INET, ip, &addr->v4.sin_addr) == 1;
}

socklen_t addr_len(const union addr *addr)
{
	return addr->any.sa_family == AF_INET6 ? sizeof(addr->v6) : sizeof(addr->v4);
}

const char *addr_text(const union addr *addr, char text[ADDR_TEXT])
{
	const char *format = addr->any.sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s";
	char ip[64] = "?", port[8] = "?";

	getnameinfo(&addr->any, addr_len(addr), ip, sizeof(ip), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(text, ADDR_TEXT, format, ip, port);
	return text;
}

bool addr_same(const union addr *a, const union addr *b)
{
	return a->any.sa_family == b->any.sa_family && !memcmp(a, b, addr_len(a));
}

static bool is_any(const union addr *addr)
{
	if (addr->any.sa_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&addr->v6.sin6_addr);
	return addr->v4.sin_addr.s_addr == htonl(INADDR_ANY);
}

/* Only an address of this machine can be bound to. */
static bool is_local(union addr addr)
{
	int fd = socket(addr.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool local;

	addr.v4.sin_port = 0; /* where that of v6 is */
	local = fd >= 0 && !bind(fd, &addr.any, addr_len(&addr));
	if (fd >= 0)
		close(fd);
	return local;
}

/* Whether who connects to it gets to the listener.  To no address is to this machine. */
bool addr_leads_to(const union addr *to, const union addr *listener)
{
	union addr a = *to;

	if (a.v4.sin_port != listener->v4.sin_port)
		return false;
	if (is_any(&a) && a.any.sa_family == AF_INET6)
		a.v6.sin6_addr = in6addr_loopback;
	else if (is_any(&a))
		a.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return addr_same(&a, listener) || (is_any(listener) && is_local(a));
}
