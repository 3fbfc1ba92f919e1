#include "cli/serve/job_address.h"

#include "cli/serve/job_watch.h"
#include "cli/serve/watch_errors.h"

namespace braid::cli {

Result<serve::HttpAddress> address_of_job(Fs& fs, const std::string& store) {
  const Result<std::string> written = fs.read_file(JobWatch::address_file(store));
  if (!written.ok()) return not_listening(store);
  const std::string_view line = *written;
  const std::optional<serve::HttpAddress> address = serve::parse_http_address(line.substr(0, line.find('\n')));
  if (!address) return not_listening(store);
  return *address;
}

}  // namespace braid::cli
