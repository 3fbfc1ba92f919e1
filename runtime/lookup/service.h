// A service as a seam: something outside that is asked for each row, and may be slow, wrong or gone. Clients of real
// ones are in runtime/connect (http, postgres) and engine/file_service.h; tests answer by script (given_service.h).
//
// What a service answers is input that cannot be read again. So whoever asks (lookups.h) records each answer before
// anything that depends on it is committed. A Service knows nothing of that, of caches or of repeated attempts.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/base/result.h"

namespace braid {

struct ServiceRequest {
  std::vector<std::string> arguments;  ///< of each parameter its value as text (to_cell), never null
};

struct ServiceReply {
  enum class Kind : uint8_t {
    found,    ///< `record`
    nothing,  ///< the service knows that there is none
    failed    ///< `reason`
  } kind = Kind::failed;
  std::string record;  ///< a JSON object, in which the fields of the result are read by name
  std::string reason;  ///< in a few words, without secrets
  bool again = false;  ///< of a failure: another attempt may have an answer
  /// Of a failure: nobody's request has an answer before somebody changes the settings or the query.
  bool refused = false;
};

class Service {
 public:
  virtual ~Service() = default;
  /// One attempt for each request: at most ServiceSpec::parallel are on their way at once, each for
  /// ServiceSpec::timeout_us at most. Returns when all have their replies, in the order of the requests. One thread.
  virtual std::vector<ServiceReply> ask(std::span<const ServiceRequest> requests) = 0;
};

/// Asks nothing yet. Fails with ErrorKind::usage for settings that cannot be used. `spec` outlives the service.
using MakeService = std::function<Result<std::unique_ptr<Service>>(const ServiceSpec& spec)>;

/// `text` with each `{parameter}` replaced by what `value` gives for its place among the parameters. What is no
/// parameter stays as it is; `{{` and `}}` are braces.
std::string fill_in(const std::string& text, const std::vector<Field>& parameters,
                    const std::function<std::string(size_t parameter)>& value);

}  // namespace braid
