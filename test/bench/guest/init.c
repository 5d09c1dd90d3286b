/* The floor of a boot: the kernel's first process says a line on the console and turns the machine off. */
#include <fcntl.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

int main(void)
{
	static const char line[] = "bench: userland\n";
	(void)!write(1, line, strlen(line));
	reboot(RB_POWER_OFF);
	return 0;
}
