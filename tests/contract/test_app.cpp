// The app that the runtime contract runs: a tiny HTTP server, static, without dependencies. It listens on argv[1] or
// $PORT and does what the path says (see answer()).
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

void say(const std::string& line) {
  const std::string text = line + "\n";
  [[maybe_unused]] const ssize_t wrote = write(STDOUT_FILENO, text.data(), text.size());
}

void end(int) {
  [[maybe_unused]] const ssize_t wrote = write(STDOUT_FILENO, "bye\n", 4);
  _exit(0);
}

std::string data_file() {
  const char* directory = getenv("SLIPWAY_VOLUME_DATA");
  return std::string(directory ? directory : "/data") + "/file";
}

// How many children could be made; they live as long as the app.
int make_children(int wanted) {
  for (int made = 0; made < wanted; ++made) {
    const pid_t pid = fork();
    if (pid < 0) return made;
    if (pid == 0) {
      close_range(3, ~0u, 0);  // the connection too, or it would never end
      while (true) pause();
    }
  }
  return wanted;
}

// A descendant in a session of its own whose parent is gone.
int leave_one_behind() {
  int ids[2];
  if (pipe(ids) != 0) return -1;
  if (fork() == 0) {
    setsid();
    const pid_t pid = fork();
    if (pid > 0) _exit(0);
    const pid_t self = getpid();
    [[maybe_unused]] const ssize_t wrote = write(ids[1], &self, sizeof(self));
    signal(SIGTERM, SIG_IGN);
    close_range(3, ~0u, 0);
    while (true) pause();
  }
  pid_t pid = -1;
  [[maybe_unused]] const ssize_t got = read(ids[0], &pid, sizeof(pid));
  close(ids[0]);
  close(ids[1]);
  return pid;
}

std::string eat(std::size_t megabytes) {
  char* memory = static_cast<char*>(malloc(megabytes << 20));
  if (!memory) return "no memory";
  for (std::size_t at = 0; at < megabytes << 20; at += 1024) memory[at] = 1;
  return "ate";
}

std::string answer(const std::string& path, const std::string& query) {
  static const std::string boot = std::to_string(getpid()) + "-" + std::to_string(time(nullptr));
  if (path == "/") return "hello";
  if (path == "/boot") return boot;
  if (path == "/env") return getenv(query.c_str()) ? getenv(query.c_str()) : "(unset)";
  if (path == "/say") return say(query), "said";
  if (path == "/deaf") return signal(SIGTERM, SIG_IGN), "deaf";
  if (path == "/children") return std::to_string(make_children(atoi(query.c_str())));
  if (path == "/leave") return std::to_string(leave_one_behind());
  if (path == "/burn") {
    while (clock() < CLOCKS_PER_SEC / 10) {
    }
    return "burnt";
  }
  if (path == "/eat") return eat(static_cast<std::size_t>(atoi(query.c_str())));
  if (path == "/write") {
    FILE* file = fopen(data_file().c_str(), "w");
    if (!file) return "cannot write " + data_file();
    fputs(query.c_str(), file);
    fclose(file);
    return "written";
  }
  if (path == "/read") {
    char text[256] = "(nothing)";
    if (FILE* file = fopen(data_file().c_str(), "r")) {
      text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
      fclose(file);
    }
    return text;
  }
  return "unknown";
}

void serve(int connection) {
  std::string request;
  char buffer[4096];
  while (request.find("\r\n\r\n") == std::string::npos) {
    const ssize_t got = read(connection, buffer, sizeof(buffer));
    if (got <= 0) return;
    request.append(buffer, static_cast<std::size_t>(got));
  }
  const std::size_t begin = request.find(' ') + 1;
  const std::string target = request.substr(begin, request.find(' ', begin) - begin);
  const std::size_t mark = target.find('?');
  const std::string path = target.substr(0, mark);
  const std::string query = mark == std::string::npos ? "" : target.substr(mark + 1);
  const std::string body = path == "/exit" ? "exiting" : answer(path, query);
  const std::string response = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: " +
                               std::to_string(body.size()) + "\r\n\r\n" + body;
  [[maybe_unused]] const ssize_t wrote = write(connection, response.data(), response.size());
  if (path == "/exit") _exit(atoi(query.c_str()));
}

}  // namespace

int main(int argc, char** argv) {
  // As process 1 of a container it would get no SIGTERM without a handler.
  signal(SIGTERM, end);
  const char* port = argc > 1 ? argv[1] : getenv("PORT");
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<unsigned short>(atoi(port ? port : "0")));
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 || listen(listener, 16) != 0) {
    say("cannot listen");
    return 1;
  }
  say("listening");
  while (true) {
    const int connection = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    serve(connection);
    close(connection);
  }
}
