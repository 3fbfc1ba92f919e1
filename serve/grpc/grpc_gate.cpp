#include "serve/grpc/grpc_gate.h"

#include <optional>
#include <vector>

namespace braid::serve {
namespace {

constexpr size_t kMostWaiting = 8;

GrpcPart end_of(const HttpResponse& refused) {
  switch (refused.status) {
    case 401:
      return GrpcPart::end(GrpcStatus::unauthenticated, "send `authorization: Bearer` and a token that is taken here");
    case 429:
      return GrpcPart::end(GrpcStatus::resource_exhausted, "too much at once; ask again in a moment");
    default:
      return GrpcPart::end(GrpcStatus::invalid_argument, "`braid-purpose` is one word");
  }
}

class GatedCall : public GrpcExchange {
 public:
  GatedCall(Gate& gate, Clock& clock, const GrpcRequest& request, GrpcHandler handler)
      : gate_(gate),
        clock_(clock),
        request_(request),
        handler_(std::move(handler)),
        until_us_(clock.steady_us() + Gate::kKeysAwaitedUs) {}

  void take(std::string_view message) override {
    if (call_ || admit()) return call_->take(message);
    if (refused_) return;
    if (messages_.size() < kMostWaiting)
      messages_.emplace_back(message);
    else
      refused_ = GrpcPart::end(GrpcStatus::resource_exhausted, "too many messages before it is known who calls");
  }
  void no_more() override {
    closed_ = true;
    if (call_) call_->no_more();
  }
  GrpcPart next() override {
    if (!call_ && !admit()) return refused_ ? *refused_ : GrpcPart{};
    // A call may last longer than what let it in.
    if (clock_.now_us() >= request_.consumer->until_us)
      return GrpcPart::end(GrpcStatus::unauthenticated, "the token has ended; go on with another one");
    GrpcPart part = call_->next();
    if (part.is == GrpcPart::Is::message) lease_->add_bytes(part.bytes.size());
    return part;
  }

 private:
  bool admit() {
    if (refused_) return false;
    std::optional<Gate::Admission> admitted =
        gate_.admit({.method = "POST",
                     .path = request_.path,
                     .headers = request_.headers,
                     .certificate_names = request_.certificate_names},
                    request_.path.ends_with("/Scan") || request_.path.ends_with("/DoGet"), until_us_);
    if (!admitted) return false;
    if (admitted->refused) {
      refused_ = end_of(*admitted->refused);
      return false;
    }
    request_.consumer = admitted->consumer;
    call_ = handler_(request_);
    if (!call_) {
      refused_ = GrpcPart::end(GrpcStatus::unimplemented, "there is no such method; reflection lists what there is");
      return false;
    }
    lease_ = std::move(admitted->lease);
    for (const std::string& message : messages_) call_->take(message);
    messages_ = {};
    if (closed_) call_->no_more();
    return true;
  }

  Gate& gate_;
  Clock& clock_;
  GrpcRequest request_;
  GrpcHandler handler_;
  int64_t until_us_;
  std::vector<std::string> messages_;
  bool closed_ = false;
  std::unique_ptr<GrpcExchange> call_;  ///< null: it is not let in yet
  std::shared_ptr<QuotaBook::Lease> lease_;
  std::optional<GrpcPart> refused_;
};

}  // namespace

GrpcHandler behind_gate(Gate& gate, Clock& clock, GrpcHandler handler) {
  return [&gate, &clock, handler = std::move(handler)](const GrpcRequest& request) {
    return std::make_unique<GatedCall>(gate, clock, request, handler);
  };
}

}  // namespace braid::serve
