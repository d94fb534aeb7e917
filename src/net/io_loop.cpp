#include "net/io_loop.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace slipway::net {

namespace asio = boost::asio;
using boost::system::error_code;

struct IoLoop::Impl {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard{context.get_executor()};
};
struct Watched::Impl {
  asio::posix::stream_descriptor descriptor;
};
struct LoopTimer::Impl {
  asio::steady_timer timer;
};

IoLoop::IoLoop() : impl_(std::make_unique<Impl>()) {}
IoLoop::~IoLoop() = default;
void IoLoop::run() { impl_->context.run(); }
void IoLoop::release() { impl_->guard.reset(); }
void IoLoop::post(std::function<void()> task) { asio::post(impl_->context, std::move(task)); }

Watched::Watched(IoLoop& loop, int fd)
    : fd_(fd), impl_(new Impl{asio::posix::stream_descriptor(loop.impl().context, fd)}) {}
Watched::~Watched() = default;

void Watched::when_readable(std::function<void(bool)> callback) {
  impl_->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                               [callback = std::move(callback)](error_code ec) { callback(!ec); });
}
void Watched::when_writable(std::function<void(bool)> callback) {
  impl_->descriptor.async_wait(asio::posix::stream_descriptor::wait_write,
                               [callback = std::move(callback)](error_code ec) { callback(!ec); });
}
void Watched::close() {
  error_code ignored;
  impl_->descriptor.close(ignored);
  fd_ = -1;
}

LoopTimer::LoopTimer(IoLoop& loop) : impl_(new Impl{asio::steady_timer(loop.impl().context)}) {}
LoopTimer::~LoopTimer() = default;
void LoopTimer::at(Deadline time, std::function<void()> callback) {
  impl_->timer.expires_at(time);
  impl_->timer.async_wait([callback = std::move(callback)](error_code ec) {
    if (!ec) callback();
  });
}
void LoopTimer::cancel() { impl_->timer.cancel(); }

}  // namespace slipway::net
