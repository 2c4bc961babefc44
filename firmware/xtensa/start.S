/* From reset to main on a bare Xtensa core in QEMU, with the host behind simcall.
 *
 * The ABI is call0 (no register windows); assembled by an assembler that knows no coprocessors. */

	.section .reset, "ax", @progbits
	.global	_reset
_reset:
	.begin	no-transform
	j	1f
	.align	4
0:	.word	_start
1:	l32r	a0, 0b
	jx	a0
	.end	no-transform

	.section .text, "ax", @progbits
	.literal_position
	.global	_start
	.align	4
_start:
	movi	a2, 255
	.byte	0x20, 0xe0, 0x13	/* wsr.cpenable a2: the floating-point unit is on */
	movi	a2, _vectors
	wsr.vecbase a2
	movi	a2, 0x20		/* exceptions go to the user's vector; EXCM is off */
	wsr.ps	a2
	rsync
	movi	a1, _stack_top
	movi	a0, main
	callx0	a0
	mov	a3, a2
	movi	a2, 1			/* exit with what main returned */
	simcall

/* int simcall(int number, int a, const void* b, int c): arguments are where the host looks. */
	.global	simcall
	.align	4
simcall:
	simcall
	ret

/* uint32_t cycle_count(void) */
	.global	cycle_count
	.align	4
cycle_count:
	rsr.ccount a2
	ret

/* An exception, such as an unaligned load, ends the program with 64 plus its cause. */
	.align	4
_fault:
	rsr.exccause a3
	addi	a3, a3, 64
	movi	a2, 1
	simcall

	.section .vectors, "ax", @progbits
	.begin	no-transform
	.org	0x300			/* kernel */
	j	_fault
	.org	0x340			/* user */
	j	_fault
	.org	0x3c0			/* double */
	j	_fault
	.end	no-transform
