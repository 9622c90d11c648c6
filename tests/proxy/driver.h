/* SPDX-License-Identifier: MIT */
/* What talks to rdv-proxy in its tests and its benchmark; driver.c has the usage. */
#ifndef DRIVER_H
#define DRIVER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
int64_t now_ns(void);
int bind_any(unsigned *port);

/* Sends a command to the admin socket, and returns the reply, until the next one. */
extern const char *admin_path;
int admin_connect(void);
const char *ask(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, and the reply has to be "done". */
void order(const char *format, ...) __attribute__((format(printf, 1, 2)));

int storm(int argc, char **argv);
int wire(int argc, char **argv);
int stopping(char **argv);
int cut_off(char **argv);
int fuzz(int argc, char **argv);

#endif /* DRIVER_H */
