#include <algorithm>
#include <deque>
#include <optional>
#include <set>

#include "serve/grpc/grpc_api.h"
#include "serve/grpc/message_reader.h"

namespace braid::serve {
namespace {

// Numbers of grpc.reflection.v1.ServerReflectionRequest and -Response.
enum Ask : uint32_t { kByName = 3, kBySymbol = 4, kByExtension = 5, kExtensions = 6, kServices = 7 };
enum Answer : uint32_t { kHost = 1, kRequest = 2, kFiles = 4, kList = 6, kError = 7 };
constexpr size_t kMostWaiting = 64;

class Reflection : public GrpcExchange {
 public:
  Reflection(const ProtobufFiles& files, std::set<std::string> hidden) : files_(files), hidden_(std::move(hidden)) {}

  void take(std::string_view message) override {
    if (answers_.size() >= kMostWaiting)
      ended_ = GrpcPart::end(GrpcStatus::resource_exhausted, "answers are not taken as fast as requests come");
    if (ended_) return;
    std::optional<WireValue> asked;
    std::string_view host;
    const bool whole = read_message(message, [&](const WireValue& value) {
      if (value.type != WireType::sized) return;
      if (value.number == kHost) host = value.bytes;
      if (value.number >= kByName && value.number <= kServices) asked = value;
    });
    if (!whole) {
      ended_ = GrpcPart::end(GrpcStatus::invalid_argument, "the request is no message of this service");
      return;
    }
    std::string answer;
    if (!host.empty()) append_sized(answer, kHost, host);
    append_sized(answer, kRequest, message);
    append_answer(asked, answer);
    answers_.push_back(std::move(answer));
  }

  void no_more() override { closed_ = true; }

  GrpcPart next() override {
    if (!answers_.empty()) {
      GrpcPart part = GrpcPart::message(std::move(answers_.front()));
      answers_.pop_front();
      return part;
    }
    if (ended_) return *ended_;
    return closed_ ? GrpcPart::end() : GrpcPart{};
  }

 private:
  void append_answer(const std::optional<WireValue>& asked, std::string& answer) const {
    if (!asked) return append_error(GrpcStatus::invalid_argument, "nothing is asked for", answer);
    const std::string text(asked->bytes);
    switch (asked->number) {
      case kServices: {
        std::vector<std::string> services = files_.services();
        std::ranges::sort(services);
        std::string list;
        for (const std::string& service : services) {
          if (hidden_.contains(files_.file_of(service))) continue;
          std::string named;
          append_sized(named, 1, service);
          append_sized(list, 1, named);
        }
        return append_sized(answer, kList, list);
      }
      case kByName:
        return append_files(text, fmt::format("there is no file `{}`", text), answer);
      case kBySymbol:
        return append_files(files_.file_of(text), fmt::format("there is no `{}`", text), answer);
      default:
        return append_error(GrpcStatus::not_found, "there are no extensions", answer);
    }
  }
  void append_files(const std::string& path, const std::string& missing, std::string& answer) const {
    const std::vector<std::string> descriptors =
        hidden_.contains(path) ? std::vector<std::string>() : files_.with_imports(path);
    if (descriptors.empty()) return append_error(GrpcStatus::not_found, missing, answer);
    std::string files;
    for (const std::string& each : descriptors) append_sized(files, 1, each);
    append_sized(answer, kFiles, files);
  }
  static void append_error(GrpcStatus status, std::string_view reason, std::string& answer) {
    std::string error;
    append_number(error, 1, static_cast<uint64_t>(status));
    append_sized(error, 2, reason);
    append_sized(answer, kError, error);
  }

  const ProtobufFiles& files_;
  std::set<std::string> hidden_;
  std::deque<std::string> answers_;
  std::optional<GrpcPart> ended_;
  bool closed_ = false;
};

}  // namespace

std::unique_ptr<GrpcExchange> make_reflection(const ProtobufFiles& files, std::set<std::string> hidden) {
  return std::make_unique<Reflection>(files, std::move(hidden));
}

}  // namespace braid::serve
