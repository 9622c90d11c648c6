/* SPDX-License-Identifier: MIT */
/* What talks to a proxy in its tests and its benchmark; driver.c has the usage. */
#ifndef DRIVER_H
#define DRIVER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HUNG_S 600 /* what takes so long hangs */

void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
int64_t now_ns(void);
int bind_any(unsigned *port);

/* Sends a command to the admin socket, and returns the reply, until the next one. */
extern const char *admin_path;
int admin_connect(void);
const char *ask(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, and the reply has to be "done". */
void order(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Random numbers less than n; paced() seeds them by itself. */
void seed_with(uint64_t first);
unsigned below(unsigned n);
/* Operates so often in a second, 0: as often as possible, and prints how long it took. */
void paced(double seconds, double rate, void (*operate)(void));

int commands(int argc, char **argv);
int crowd(char **argv);
int listings(char **argv);
int storm(int argc, char **argv);
int wire(int argc, char **argv);
int stopping(char **argv);
int cut_off(char **argv);
int fuzz(int argc, char **argv);

#endif /* DRIVER_H */
