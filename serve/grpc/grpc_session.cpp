#include "serve/grpc/grpc_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

namespace braid::serve {
namespace {

constexpr size_t kPrefix = 5;  // of a message: compressed or not, and its length
constexpr size_t kMostInput = 256 << 10;

/// `grpc-timeout`, like 500m: at most eight digits and a unit. Microseconds; nothing: it is none.
std::optional<int64_t> timeout_of(std::string_view text) {
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size() - 1, number);
  if (error != std::errc() || end != text.data() + text.size() - 1 || number < 0) return std::nullopt;
  switch (text.back()) {
    case 'H':
      return number * 3'600'000'000;
    case 'M':
      return number * 60'000'000;
    case 'S':
      return number * 1'000'000;
    case 'm':
      return number * 1'000;
    case 'u':
      return number;
    case 'n':
      return number / 1'000;
    default:
      return std::nullopt;
  }
}

/// As `grpc-message` has it: what is not printable ASCII, and `%`, as two hexadecimal digits.
std::string percent_encoded(std::string_view text) {
  std::string made;
  for (const char c : text) {
    if (c >= ' ' && c <= '~' && c != '%')
      made += c;
    else
      made += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return made;
}

std::string_view view(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

nghttp2_nv header(std::string_view name, std::string_view value) {
  // The library copies both, and changes neither.
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

struct GrpcSession::Call {
  GrpcRequest request;
  std::string method, content_type;
  size_t header_bytes = 0;
  std::unique_ptr<GrpcExchange> exchange;
  std::optional<int64_t> ends_us;      ///< steady clock
  std::string input;                   ///< of a message that has not come as a whole
  std::string output;                  ///< of a message that is on its way out
  size_t sent = 0;                     ///< of `output`
  bool answers = false;                ///< its answer has begun
  bool rests = false;                  ///< the library asks for no more until it is resumed
  bool half_closed = false;            ///< exchange->no_more() was called
  std::optional<GrpcPart> ended = {};  ///< what it ends with, whatever the exchange has
};

struct GrpcSession::Frames {
  Frames(GrpcHandler handler, Clock& clock, std::vector<std::string> certificate_names, const GrpcLimits& limits)
      : handler(std::move(handler)), clock(clock), certificate_names(std::move(certificate_names)), limits(limits) {}
  ~Frames() { nghttp2_session_del(session); }

  GrpcHandler handler;
  Clock& clock;
  std::vector<std::string> certificate_names;
  GrpcLimits limits;
  nghttp2_session* session = nullptr;
  std::map<int32_t, Call> calls;
  bool broken = false;

  Call* find(int32_t stream) {
    const auto found = calls.find(stream);
    return found == calls.end() ? nullptr : &found->second;
  }

  // ---- what comes

  static int begins(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
      static_cast<Frames*>(self)->calls.try_emplace(frame->hd.stream_id);
    return 0;
  }

  static int has_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                        const uint8_t* value, size_t value_size, uint8_t, void* self) {
    auto& frames = *static_cast<Frames*>(self);
    Call* call = frames.find(frame->hd.stream_id);
    if (call == nullptr || call->exchange != nullptr) return 0;
    call->header_bytes += name_size + value_size + 32;
    if (call->header_bytes > frames.limits.header_bytes) return 0;
    const std::string_view is = view(name, name_size);
    std::string text(view(value, value_size));
    if (is == ":path")
      call->request.path = std::move(text);
    else if (is == ":method")
      call->method = std::move(text);
    else if (is == "content-type")
      call->content_type = std::move(text);
    else if (!is.starts_with(':'))
      call->request.headers.emplace_back(is, std::move(text));
    return 0;
  }

  static int has_frame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    auto& frames = *static_cast<Frames*>(self);
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    Call* call = frames.find(frame->hd.stream_id);
    if (call == nullptr) return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
      frames.begin(frame->hd.stream_id, *call);
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) frames.half_close(frame->hd.stream_id, *call);
    return 0;
  }

  static int has_data(nghttp2_session*, uint8_t, int32_t stream, const uint8_t* bytes, size_t size, void* self) {
    auto& frames = *static_cast<Frames*>(self);
    if (Call* call = frames.find(stream)) frames.take(stream, *call, view(bytes, size));
    return 0;
  }

  static int closes(nghttp2_session*, int32_t stream, uint32_t, void* self) {
    static_cast<Frames*>(self)->calls.erase(stream);
    return 0;
  }

  void begin(int32_t stream, Call& call) {
    const bool is_grpc = call.content_type == "application/grpc" ||
                         call.content_type.starts_with("application/grpc+") ||
                         call.content_type.starts_with("application/grpc;");
    if (call.method != "POST" || !is_grpc) {
      const nghttp2_nv answer[] = {header(":status", call.method != "POST" ? "405" : "415")};
      (void)nghttp2_submit_response(session, stream, answer, std::size(answer), nullptr);
      call.answers = true;
      return;
    }
    if (call.header_bytes > limits.header_bytes) {
      call.ended = GrpcPart::end(GrpcStatus::resource_exhausted, "the headers are too long");
    } else {
      if (const std::string_view text = call.request.header("grpc-timeout"); !text.empty()) {
        if (const std::optional<int64_t> time = timeout_of(text))
          call.ends_us = clock.steady_us() + *time;
        else
          call.ended = GrpcPart::end(GrpcStatus::invalid_argument, "`grpc-timeout` has up to eight digits and a unit");
      }
      call.request.certificate_names = certificate_names;
      if (!call.ended) call.exchange = handler(call.request);
      if (!call.ended && call.exchange == nullptr)
        call.ended =
            GrpcPart::end(GrpcStatus::unimplemented,
                          fmt::format("there is no method `{}`; reflection lists what there is", call.request.path));
    }
    if (call.ended) go_on(stream, call);
  }

  void take(int32_t stream, Call& call, std::string_view bytes) {
    if (call.ended || call.exchange == nullptr) return;
    call.input += bytes;
    size_t at = 0;
    while (call.input.size() - at >= kPrefix) {
      const auto* head = reinterpret_cast<const uint8_t*>(call.input.data() + at);
      const size_t size = size_t{head[1]} << 24 | size_t{head[2]} << 16 | size_t{head[3]} << 8 | head[4];
      if (head[0] != 0)
        call.ended = GrpcPart::end(GrpcStatus::unimplemented, "messages are not compressed here");
      else if (size > limits.message_bytes)
        call.ended = GrpcPart::end(GrpcStatus::resource_exhausted,
                                   fmt::format("a message has {} bytes at most", limits.message_bytes));
      if (call.ended || call.input.size() - at < kPrefix + size) break;
      call.exchange->take(std::string_view(call.input).substr(at + kPrefix, size));
      at += kPrefix + size;
      go_on(stream, call);
    }
    call.input.erase(0, at);
    if (call.ended) go_on(stream, call);
  }

  void half_close(int32_t stream, Call& call) {
    if (call.half_closed) return;
    call.half_closed = true;
    if (call.exchange == nullptr) return;
    if (!call.input.empty() && !call.ended)
      call.ended = GrpcPart::end(GrpcStatus::invalid_argument, "the last message is cut off");
    call.exchange->no_more();
    go_on(stream, call);
  }

  // ---- what goes

  /// There may be something to send.
  void go_on(int32_t stream, Call& call) {
    if (!call.answers) {
      call.answers = true;
      const nghttp2_nv answer[] = {header(":status", "200"), header("content-type", "application/grpc")};
      nghttp2_data_provider data{.source = {.ptr = nullptr}, .read_callback = gives};
      if (nghttp2_submit_response(session, stream, answer, std::size(answer), &data) != 0) broken = true;
      return;
    }
    if (!call.rests) return;
    call.rests = false;
    (void)nghttp2_session_resume_data(session, stream);
  }

  static ssize_t gives(nghttp2_session*, int32_t stream, uint8_t* bytes, size_t size, uint32_t* flags,
                       nghttp2_data_source*, void* self) {
    auto& frames = *static_cast<Frames*>(self);
    Call* call = frames.find(stream);
    if (call == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    return frames.give(stream, *call, bytes, size, flags);
  }

  ssize_t give(int32_t stream, Call& call, uint8_t* bytes, size_t size, uint32_t* flags) {
    if (call.sent == call.output.size()) {
      GrpcPart part = next_of(call);
      if (part.is == GrpcPart::Is::nothing_yet) {
        call.rests = true;
        return NGHTTP2_ERR_DEFERRED;
      }
      if (part.is == GrpcPart::Is::end) {
        const std::string status = std::to_string(static_cast<int>(part.status));
        const std::string reason = percent_encoded(part.reason);
        const nghttp2_nv trailers[] = {header("grpc-status", status), header("grpc-message", reason)};
        (void)nghttp2_submit_trailer(session, stream, trailers, reason.empty() ? 1 : 2);
        *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
        return 0;
      }
      const size_t length = part.bytes.size();
      call.output.assign(1, '\0');
      for (int shift = 24; shift >= 0; shift -= 8) call.output.push_back(static_cast<char>(length >> shift & 0xFF));
      call.output += part.bytes;
      call.sent = 0;
    }
    const size_t most = std::min(size, call.output.size() - call.sent);
    std::memcpy(bytes, call.output.data() + call.sent, most);
    call.sent += most;
    return static_cast<ssize_t>(most);
  }

  GrpcPart next_of(Call& call) const {
    if (call.ended) return *call.ended;
    if (call.ends_us && clock.steady_us() >= *call.ends_us)
      return GrpcPart::end(GrpcStatus::deadline_exceeded, "the time that the client gives is over");
    return call.exchange->next();
  }
};

GrpcSession::GrpcSession(GrpcHandler handler, Clock& clock, std::vector<std::string> certificate_names,
                         const GrpcLimits& limits)
    : frames_(std::make_unique<Frames>(std::move(handler), clock, std::move(certificate_names), limits)) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, Frames::begins);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Frames::has_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Frames::has_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Frames::has_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Frames::closes);
  nghttp2_session_server_new(&frames_->session, callbacks, frames_.get());
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.calls},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(limits.header_bytes)}};
  (void)nghttp2_submit_settings(frames_->session, NGHTTP2_FLAG_NONE, settings, std::size(settings));
}

GrpcSession::~GrpcSession() = default;

bool GrpcSession::take(std::string_view bytes) {
  while (!bytes.empty() && !frames_->broken) {
    const std::string_view part = bytes.substr(0, kMostInput);
    const ssize_t read =
        nghttp2_session_mem_recv(frames_->session, reinterpret_cast<const uint8_t*>(part.data()), part.size());
    if (read < 0) {
      frames_->broken = true;
      break;
    }
    bytes.remove_prefix(static_cast<size_t>(read));
  }
  return !frames_->broken && nghttp2_session_want_read(frames_->session) != 0;
}

void GrpcSession::give(std::string& out, size_t most) {
  for (auto& [stream, call] : frames_->calls)
    if (call.rests) frames_->go_on(stream, call);
  while (out.size() < most) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(frames_->session, &bytes);
    if (size < 0) frames_->broken = true;
    if (size <= 0) return;
    out += view(bytes, static_cast<size_t>(size));
  }
}

bool GrpcSession::waits() const {
  return std::ranges::any_of(frames_->calls, [](const auto& each) { return each.second.rests; });
}

bool GrpcSession::is_idle() const {
  return frames_->calls.empty();
}

std::string_view GrpcRequest::header(std::string_view name) const {
  for (const auto& [each, value] : headers)
    if (each == name) return value;
  return {};
}

}  // namespace braid::serve
