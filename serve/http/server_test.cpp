// The server as its clients see it, over plain sockets.
#include "serve/http/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

namespace braid::serve {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct Answer {
  int status = 0;  ///< 0: the connection was closed before there was one
  std::string head, body;
};

class Client {
 public:
  explicit Client(const HttpAddress& address) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(address.port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0) << std::strerror(errno);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { ::close(socket_); }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // the server has closed
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }
  /// `has_body`: false for HEAD, whose answer says how long a body would be.
  Answer read(bool has_body = true) {
    size_t end = std::string::npos;
    while ((end = unread_.find("\r\n\r\n")) == std::string::npos)
      if (!receive()) return {};
    Answer answer{.status = std::stoi(unread_.substr(9, 3)), .head = unread_.substr(0, end + 2), .body = {}};
    unread_.erase(0, end + 4);
    const std::string mark = "\r\nContent-Length: ";
    const size_t length = answer.head.find(mark);
    if (!has_body || length == std::string::npos) return answer;
    const size_t bytes = std::stoul(answer.head.substr(length + mark.size()));
    while (unread_.size() < bytes)
      if (!receive()) return {};
    answer.body = unread_.substr(0, bytes);
    unread_.erase(0, bytes);
    return answer;
  }
  Answer get(const std::string& target) {
    send("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
    return read();
  }
  /// What comes until the end of the connection, or until it has that text.
  std::string read_stream(std::string_view until = {}) {
    while ((until.empty() || unread_.find(until) == std::string::npos) && receive()) {
    }
    return std::exchange(unread_, {});
  }
  /// Waits for the end of the connection; false: something came, or nothing happened.
  bool is_closed() { return unread_.empty() && !receive() && errno != EAGAIN; }

 private:
  bool receive() {
    char bytes[4096];
    errno = 0;
    const ssize_t count = ::recv(socket_, bytes, sizeof(bytes), 0);
    if (count <= 0) return false;
    unread_.append(bytes, static_cast<size_t>(count));
    return true;
  }

  int socket_;
  std::string unread_;
};

std::unique_ptr<HttpServer> serve(HttpHandler handler, const HttpLimits& limits = {}) {
  Result<std::unique_ptr<HttpServer>> server = HttpServer::listen({.host = "127.0.0.1"}, limits, std::move(handler));
  EXPECT_TRUE(server.ok());
  return *std::move(server);
}

HttpResponse echo(const HttpRequest& request) {
  return {.body = request.method + " " + request.path + " " + request.query + " " +
                  std::string(request.header("x-name")) + " " + request.body};
}

TEST(HttpServer, AnswersOneRequestAfterTheOther) {
  const auto server = serve(echo);
  Client client(server->address());
  EXPECT_EQ(client.get("/a%20b?c=%20&d").body, "GET /a%20b c=%20&d  ");
  client.send("GET /1 HTTP/1.1\r\nHost: x\r\nX-NAME: Ann\r\n\r\nDELETE /2 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.read().body, "GET /1  Ann ");
  EXPECT_EQ(client.read().body, "DELETE /2   ");
  client.send("GET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.read().body, "GET /3   ");
  EXPECT_TRUE(client.is_closed());
  Client old(server->address());
  old.send("GET /4 HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.read().body, "GET /4   ");
  EXPECT_TRUE(old.is_closed());
}

TEST(HttpServer, GivesNoBodyWhereThereIsNone) {
  const auto server = serve([](const HttpRequest& request) -> HttpResponse {
    return {.status = request.path == "/304"   ? 304
                      : request.path == "/204" ? 204
                                               : 200,
            .body = request.path == "/200" ? request.method : "",
            .headers = {{"ETag", "\"1\""}}};
  });
  Client client(server->address());
  client.send("HEAD /200 HTTP/1.1\r\nHost: x\r\n\r\n");
  const Answer head = client.read(false);
  EXPECT_EQ(head.status, 200);
  EXPECT_NE(head.head.find("Content-Length: 3\r\n"), std::string::npos) << head.head;
  for (const int status : {304, 204}) {
    const Answer none = client.get("/" + std::to_string(status));
    EXPECT_EQ(none.status, status);
    EXPECT_EQ(none.head.find("Content-Length"), std::string::npos) << none.head;
    EXPECT_NE(none.head.find("ETag: \"1\"\r\n"), std::string::npos) << none.head;
  }
  EXPECT_EQ(client.get("/200").body, "GET");  // nothing of the answers before is left
}

TEST(HttpServer, RefusesWhatIsTooLong) {
  std::atomic<int> asked = 0;
  const auto handler = [&](const HttpRequest& request) {
    ++asked;
    return echo(request);
  };
  const auto server = serve(handler, {.header_bytes = 1000, .body_bytes = 10});
  const auto refused = [&](const std::string& bytes) {
    Client client(server->address());
    client.send(bytes);
    const int status = client.read().status;
    EXPECT_TRUE(client.is_closed());
    return status;
  };
  EXPECT_EQ(refused("GET /" + std::string(2000, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n"), 431);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(2000, 'x') + "\r\n\r\n"), 431);
  EXPECT_EQ(refused("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n01234567890"), 413);
  EXPECT_EQ(refused("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n"),
            413);
  EXPECT_EQ(refused("\x16\x03\x01 what\r\n\r\n"), 400);
  EXPECT_EQ(asked, 0);
  Client client(server->address());
  client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789");
  EXPECT_EQ(client.read().body, "PUT /   0123456789");
  const auto without = serve(handler);
  Client with_body(without->address());
  with_body.send("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n0");
  EXPECT_EQ(with_body.read().status, 413);
}

/// By its header alone: the body, which is never sent, is not waited for.
TEST(HttpServer, RefusesByTheHeaderBeforeTheBody) {
  std::atomic<int> handled = 0;
  const auto handle = [&](const HttpRequest& request) {
    ++handled;
    return HttpResponse{.body = std::to_string(request.body.size())};
  };
  const auto check = [](const HttpRequest& request) -> std::optional<HttpResponse> {
    EXPECT_EQ(request.body, "");
    if (request.header("authorization") == "Bearer s3cret" && request.path == "/a") return std::nullopt;
    return HttpResponse{.status = 401, .body = "a token is needed\n"};
  };
  const auto server = HttpServer::listen({.host = "127.0.0.1"}, {.body_bytes = 1 << 20}, handle, {.check = check});
  ASSERT_TRUE(server.ok());
  Client stranger((*server)->address());
  stranger.send("PUT /a?q HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nbegun");
  Answer answer = stranger.read();
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.body, "a token is needed\n");
  EXPECT_TRUE(stranger.is_closed());
  EXPECT_EQ(handled, 0);

  Client known((*server)->address());
  const std::string header = "Host: x\r\nAuthorization: Bearer s3cret\r\n";
  for (int i = 0; i < 2; ++i) {
    known.send("PUT /a?q HTTP/1.1\r\n" + header + "Content-Length: 100000\r\n\r\n");
    known.send(std::string(100'000, 'x'));
    answer = known.read();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "100000");
  }
  known.send("PUT /a HTTP/1.1\r\n" + header + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(known.read().body, "3");
  // Without a body the handler says what is to be said.
  EXPECT_EQ(known.get("/b").body, "0");
  EXPECT_EQ(handled, 4);
}

TEST(HttpServer, ClosesConnectionsThatDoNothing) {
  const auto server = serve(echo, {.time_out_us = 200'000});
  Client silent(server->address()), half(server->address()), idle(server->address());
  half.send("GET / HTTP/1.1\r\nHo");
  EXPECT_EQ(idle.get("/").status, 200);
  const auto began = steady_clock::now();
  EXPECT_TRUE(silent.is_closed());
  EXPECT_TRUE(half.is_closed());
  EXPECT_TRUE(idle.is_closed());
  EXPECT_LT(steady_clock::now() - began, milliseconds(5000));
  EXPECT_EQ(Client(server->address()).get("/").status, 200);
}

TEST(HttpServer, AnswersLater) {
  std::atomic<bool> ready = false;
  const auto server = serve(
      [&](const HttpRequest& request) -> HttpResponse {
        if (request.path != "/later") return echo(request);
        return {.later = [&, asked = request]() -> std::optional<HttpResponse> {
          return ready ? std::optional(echo(asked)) : std::nullopt;
        }};
      },
      {.time_out_us = 200'000, .look_every_us = 5'000});
  Client waits(server->address());
  waits.send("GET /later?x HTTP/1.1\r\nHost: x\r\n\r\n");
  // The thread serves others meanwhile, and no time-out counts.
  const auto until = steady_clock::now() + milliseconds(500);
  Client other(server->address());
  while (steady_clock::now() < until) ASSERT_EQ(other.get("/now").status, 200);
  ready = true;
  EXPECT_EQ(waits.read().body, "GET /later x  ");
  waits.send("HEAD /later HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(waits.read(false).status, 200);
  EXPECT_EQ(waits.get("/now").status, 200);
}

TEST(HttpServer, HasSoManyConnectionsAtMost) {
  const auto server = serve(echo, {.connections = 3});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<Client>(server->address()));
    ASSERT_EQ(clients.back()->get("/").status, 200);
  }
  EXPECT_TRUE(Client(server->address()).is_closed());
  for (const auto& client : clients) EXPECT_EQ(client->get("/").status, 200);
  clients.pop_back();
  const auto until = steady_clock::now() + milliseconds(10'000);
  while (Client(server->address()).get("/").status != 200)
    ASSERT_LT(steady_clock::now(), until) << "a connection that ended still counts";
}

TEST(HttpServer, ServesManyAtOnce) {
  constexpr int kClients = 150, kRequests = 8;
  std::atomic<int> asked = 0;
  const auto server = serve(
      [&](const HttpRequest& request) {
        ++asked;
        return HttpResponse{.body = request.query + std::string(20'000, 'x')};
      },
      {.threads = 3, .connections = 1000});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < kClients; ++i) clients.push_back(std::make_unique<Client>(server->address()));
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int part = 0; part < 3; ++part)
    threads.emplace_back([&, part] {
      for (int request = 0; request < kRequests; ++request) {
        for (int i = part; i < kClients; i += 3)
          clients[static_cast<size_t>(i)]->send(fmt::format("GET /?{}.{} HTTP/1.1\r\nHost: x\r\n\r\n", i, request));
        for (int i = part; i < kClients; i += 3)
          if (clients[static_cast<size_t>(i)]->read().body !=
              fmt::format("{}.{}", i, request) + std::string(20'000, 'x'))
            ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(asked, kClients * kRequests);
}

TEST(HttpServer, EndsWithConnectionsThatAreOpen) {
  const auto held = std::make_shared<int>(0);
  auto server = serve(
      [held](const HttpRequest&) -> HttpResponse {
        return {.later = [held]() -> std::optional<HttpResponse> { return std::nullopt; }};
      },
      {.threads = 2, .look_every_us = 1'000});
  const HttpAddress address = server->address();
  Client idle(address), half(address), waits(address);
  half.send("GET / HT");
  waits.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto until = steady_clock::now() + milliseconds(10'000);
  while (held.use_count() < 3) ASSERT_LT(steady_clock::now(), until) << "nobody was asked";
  server.reset();
  EXPECT_EQ(held.use_count(), 1) << "an answer that was to come later is still there";
  for (Client* client : {&idle, &half, &waits}) EXPECT_TRUE(client->is_closed());
}

TEST(HttpServer, SaysWhyItCannotListen) {
  const auto server = serve(echo);
  EXPECT_NE(server->address().port, 0);
  const auto second = HttpServer::listen(server->address(), {}, echo);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().system_error, EADDRINUSE);
}

/// Counts up to where it is allowed to.
class Counter : public HttpStream {
 public:
  explicit Counter(std::atomic<int>& most, size_t padding = 0) : most_(most), padding_(padding) {}
  Next next(std::string& out) override {
    if (most_ < 0) {
      out += "end.";
      return Next::end;
    }
    if (count_ >= most_) return Next::wait;
    out += std::to_string(++count_) + std::string(padding_, '.') + ";";
    return Next::part;
  }
  bool ready() const override { return most_ < 0 || count_ < most_; }
  void alive(std::string& out) override { out += "alive;"; }
  void dropped(std::string& out) override { out += fmt::format("dropped at {};", count_); }

 private:
  std::atomic<int>& most_;
  size_t padding_;
  int count_ = 0;
};

/// The parts of a chunked body.
std::string dechunked(std::string_view stream) {
  std::string made;
  stream.remove_prefix(std::min(stream.size(), stream.find("\r\n\r\n") + 4));
  while (!stream.empty()) {
    const size_t end = stream.find("\r\n");
    if (end == std::string_view::npos) break;
    const size_t size = std::stoul(std::string(stream.substr(0, end)), nullptr, 16);
    stream.remove_prefix(end + 2);
    made += stream.substr(0, size);
    if (size == 0) return made + "|";  // it ends as it should
    stream.remove_prefix(std::min(stream.size(), size + 2));
  }
  return made;
}

TEST(HttpServer, StreamsPartsAsTheyAreMade) {
  std::atomic<int> most = 2;
  const auto server = serve([&](const HttpRequest&) -> HttpResponse {
    return {.content_type = "text/x", .stream = std::make_shared<Counter>(most)};
  });
  Client client(server->address()), old(server->address()), head(server->address());
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  std::string got = client.read_stream("2;");
  EXPECT_NE(got.find("Transfer-Encoding: chunked\r\n"), std::string::npos) << got;
  EXPECT_NE(got.find("Content-Type: text/x\r\n"), std::string::npos) << got;
  most = 3;
  server->wake();
  got += client.read_stream("3;");
  most = -1;
  server->wake();
  got += client.read_stream();
  EXPECT_EQ(dechunked(got), "1;2;3;end.|");
  old.send("GET / HTTP/1.0\r\n\r\n");
  const std::string plain = old.read_stream();
  EXPECT_EQ(plain.find("chunked"), std::string::npos);
  EXPECT_TRUE(plain.ends_with("\r\n\r\nend.")) << plain;
  head.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(head.read_stream().ends_with("\r\n\r\n"));
}

TEST(HttpServer, ShowsThatAStreamIsAlive) {
  std::atomic<int> most = 0;
  const auto server =
      serve([&](const HttpRequest&) -> HttpResponse { return {.stream = std::make_shared<Counter>(most)}; },
            {.alive_every_us = 30'000});
  Client client(server->address());
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  std::string got;
  for (int i = 0; i < 3; ++i) got += client.read_stream("alive;");
  most = 1;
  server->wake();
  got += client.read_stream("1;");
  got += client.read_stream("alive;");
  EXPECT_EQ(dechunked(got).substr(0, 12), "alive;alive;");
}

TEST(HttpServer, DropsWhoDoesNotReadWithALastWord) {
  std::atomic<int> most = 1'000'000;
  std::atomic<int> streams = 0;
  class Counted : public Counter {
   public:
    Counted(std::atomic<int>& most, std::atomic<int>& streams) : Counter(most, 10'000), streams_(streams) {
      ++streams_;
    }
    ~Counted() override { --streams_; }

   private:
    std::atomic<int>& streams_;
  };
  const auto server =
      serve([&](const HttpRequest&) -> HttpResponse { return {.stream = std::make_shared<Counted>(most, streams)}; },
            {.time_out_us = 300'000});
  Client client(server->address());
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto begin = steady_clock::now();
  while (streams == 0) std::this_thread::sleep_for(milliseconds(1));
  while (streams > 0) {
    ASSERT_LT(steady_clock::now() - begin, std::chrono::seconds(20)) << "it is not dropped";
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_GT(steady_clock::now() - begin, milliseconds(250));
  // What it was sent is bounded; it is there in order, and the word behind it.
  const std::string got = dechunked(client.read_stream());
  EXPECT_LT(got.size(), 16U << 20);
  int last = 0;
  size_t at = 0;
  for (; at < got.size() && std::isdigit(static_cast<unsigned char>(got[at])) != 0; at = got.find(';', at) + 1)
    ASSERT_EQ(std::stoi(got.substr(at, 10)), ++last);
  EXPECT_EQ(got.substr(at), fmt::format("dropped at {};|", last));
}

TEST(HttpServer, LetsGoOfAStreamWhoseClientHasGone) {
  std::atomic<int> most = 1;
  std::weak_ptr<HttpStream> stream;
  const auto server = serve([&](const HttpRequest&) -> HttpResponse {
    auto made = std::make_shared<Counter>(most);
    stream = made;
    return {.stream = std::move(made)};
  });
  {
    Client client(server->address());
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    client.read_stream("1;");
  }
  for (int i = 0; i < 2000 && !stream.expired(); ++i) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_TRUE(stream.expired());
}

TEST(HttpServer, AThousandWhoWaitCostLittle) {
  // Both ends of each connection are files of this process.
  rlimit files{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = std::max<rlim_t>(files.rlim_cur, std::min<rlim_t>(files.rlim_max, 4096));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &files), 0);
  std::atomic<int> most = 0;
  const auto server = serve(
      [&](const HttpRequest& request) -> HttpResponse {
        if (request.path == "/later") {
          const auto has = [&] { return most > 0; };
          return {.later = [has]() -> std::optional<HttpResponse> {
                    return has() ? std::optional(HttpResponse{.body = "1;"}) : std::nullopt;
                  },
                  .ready = has,
                  .look_us = 60'000'000};
        }
        return {.stream = std::make_shared<Counter>(most)};
      },
      {.threads = 2, .connections = 1100});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 1000; ++i) {
    clients.push_back(std::make_unique<Client>(server->address()));
    clients.back()->send(i % 10 == 0 ? "GET /later HTTP/1.1\r\nHost: x\r\n\r\n" : "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  // Many commits that change nothing for them.
  timespec before{}, after{};
  std::this_thread::sleep_for(milliseconds(500));
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  for (int i = 0; i < 20; ++i) {
    server->wake();
    std::this_thread::sleep_for(milliseconds(10));
  }
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  const double used =
      static_cast<double>(after.tv_sec - before.tv_sec) + 1e-9 * static_cast<double>(after.tv_nsec - before.tv_nsec);
  EXPECT_LT(used, 0.5) << "seconds of CPU for 20 commits";
  most = 1;
  server->wake();
  for (const auto& client : clients) EXPECT_NE(client->read_stream("1;").find("1;"), std::string::npos);
}

}  // namespace
}  // namespace braid::serve
