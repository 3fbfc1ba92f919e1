#include "tests/scenarios/oracle_service.h"

#include "runtime/data/value.h"
#include "tests/reference/given_answer.h"

namespace braid::scenarios {
namespace {

class OracleService final : public Service {
 public:
  explicit OracleService(const ServiceSpec& spec) : spec_(spec) {}
  std::vector<ServiceReply> ask(std::span<const ServiceRequest> requests) override {
    using Kind = reference::GivenAnswer::Kind;
    std::vector<ServiceReply> replies;
    for (const ServiceRequest& request : requests) {
      const reference::GivenAnswer answer = reference::given_answer(spec_.result, request.arguments);
      ServiceReply& reply = replies.emplace_back();
      if (answer.kind == Kind::failed) {
        reply.reason = "no answer";
      } else if (answer.kind == Kind::nothing) {
        reply.kind = ServiceReply::Kind::nothing;
      } else {
        reply.kind = ServiceReply::Kind::found;
        reply.record = to_json(struct_type(spec_.result), answer.value);
      }
    }
    return replies;
  }

 private:
  const ServiceSpec& spec_;
};

}  // namespace

Result<std::unique_ptr<Service>> answers_of_oracle(const ServiceSpec& spec) {
  return std::unique_ptr<Service>(std::make_unique<OracleService>(spec));
}

}  // namespace braid::scenarios
