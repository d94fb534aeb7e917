/* The smallest app that can be sold one instance per customer: one static program, no database, no files.
 * It greets the company of its environment, and counts nothing, keeps nothing, needs nothing.
 *
 *   gcc -O2 -static -o hello hello.c && docker build -t hello:1 .
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static void end(int signal_number) {
  (void)signal_number;
  _exit(0);
}

/* Text of the outside world becomes text in HTML. */
static void print_escaped(FILE* out, const char* text) {
  for (; *text != '\0'; ++text) {
    if (*text == '<' || *text == '>' || *text == '&' || *text == '"') {
      fprintf(out, "&#%d;", *text);
    } else {
      fputc(*text, out);
    }
  }
}

static void answer(int connection) {
  const struct timeval limit = {.tv_sec = 5};
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  char request[4096];
  if (read(connection, request, sizeof request) <= 0) return;
  const char* company = getenv("COMPANY_NAME");
  char* body = NULL;
  size_t size = 0;
  FILE* out = open_memstream(&body, &size);
  if (out == NULL) return;
  fputs("<!doctype html><meta charset=utf-8><title>Hello</title><h1>Hello, ", out);
  print_escaped(out, company != NULL ? company : "nobody");
  fputs("</h1>\n", out);
  fclose(out);
  dprintf(connection, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
          size, body);
  free(body);
}

int main(void) {
  signal(SIGTERM, end);
  signal(SIGPIPE, SIG_IGN);
  const char* port = getenv("PORT");
  const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port != NULL ? (unsigned short)atoi(port) : 8080)};
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (const struct sockaddr*)&address, sizeof address) != 0 || listen(listener, 64) != 0) {
    perror("hello: listen");
    return 1;
  }
  printf("hello: listening on port %d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (;;) {
    const int connection = accept(listener, NULL, NULL);
    if (connection < 0) continue;
    answer(connection);
    close(connection);
  }
}
